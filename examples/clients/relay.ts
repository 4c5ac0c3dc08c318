/** Relay: the compiler reads the tags and schema.graphql, the runtime keeps one store of records. */

import {
  ConnectionHandler,
  commitMutation,
  createOperationDescriptor,
  type Disposable,
  Environment,
  type FetchFunction,
  fetchQuery,
  type GraphQLResponse,
  type GraphQLTaggedNode,
  getRequest,
  graphql,
  Network,
  Observable,
  type OperationType,
  RecordSource,
  readInlineData,
  requestSubscription,
  type Snapshot,
  Store,
  type SubscribeFunction,
} from 'relay-runtime';
import type { relay_video$data, relay_video$key } from './__generated__/relay_video.graphql.ts';
import type {
  relayDeleteVideoMutation,
  relayDeleteVideoMutation$data,
} from './__generated__/relayDeleteVideoMutation.graphql.ts';
import type {
  ExtendVideoInput,
  relayExtendVideoMutation,
  relayExtendVideoMutation$data,
} from './__generated__/relayExtendVideoMutation.graphql.ts';
import type { relayVideoExtendedSubscription } from './__generated__/relayVideoExtendedSubscription.graphql.ts';
import { createSocket } from './graphql-ws.ts';

// #region setup
export function createRelayEnvironment(url: string, getToken: () => string): Environment {
  const send: FetchFunction = async ({ text: query }, variables) => {
    const authorization = `Bearer ${getToken()}`;
    const headers = { 'content-type': 'application/json', authorization };
    const body = JSON.stringify({ query, variables });
    const response = await fetch(url, { method: 'POST', headers, body });
    return (await response.json()) as GraphQLResponse;
  };
  const socket = createSocket(url, getToken);
  const subscribe: SubscribeFunction = ({ text: query }, variables) =>
    Observable.create((sink) =>
      socket.subscribe(
        { query: query ?? '', variables },
        { ...sink, next: (result) => sink.next(result as GraphQLResponse) },
      ),
    );
  const network = Network.create(send, subscribe);
  return new Environment({ network, store: new Store(new RecordSource()) });
}
// #endregion

const VideoFragment = graphql`
  fragment relay_video on Video @inline {
    id
    taskId
    state
    prompt
    videoUrl
    failure {
      reason
      message
      retryable
    }
  }
`;

export const VideosQuery = graphql`
  query relayVideosQuery($count: Int!, $cursor: String) {
    videos(first: $count, after: $cursor) @connection(key: "relay_videos") {
      __id
      edges {
        node {
          ...relay_video
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`;

export const VideoQuery = graphql`
  query relayVideoQuery($id: ID!) {
    node(id: $id) {
      ...relay_video @alias(as: "video")
    }
  }
`;

export const CompletionsQuery = graphql`
  query relayCompletionsQuery($after: String) {
    completions(first: 100, after: $after) {
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`;

// #region extend
const ExtendVideoMutation = graphql`
  mutation relayExtendVideoMutation($input: ExtendVideoInput!, $connections: [ID!]!) {
    extendVideo(input: $input) {
      ... on ExtendVideoSuccess @alias(as: "success") {
        cursor
        video @prependNode(connections: $connections, edgeTypeName: "VideoEdge") {
          ...relay_video
        }
      }
      ... on OutcomeUnknownError @alias(as: "unknown") {
        video @prependNode(connections: $connections, edgeTypeName: "VideoEdge") {
          ...relay_video
        }
      }
      ... on UpstreamError @alias(as: "upstream") {
        inDoubt: video @prependNode(connections: $connections, edgeTypeName: "VideoEdge") {
          ...relay_video
        }
      }
      ... on InvalidInputError @alias(as: "invalid") {
        issues {
          path
          message
        }
      }
      ... on GatewayError @alias(as: "error") {
        code
        message
        retryable
        retryAfter
      }
    }
  }
`;

/**
 * @param connections the `__id` of each list to which the new video is prepended.
 * @throws Error if there is no answer: send the same input again.
 */
export function extendVideo(
  environment: Environment,
  input: ExtendVideoInput,
  connections: string[] = [],
): Promise<relayExtendVideoMutation$data['extendVideo']> {
  return new Promise((resolve, reject) => {
    commitMutation<relayExtendVideoMutation>(environment, {
      mutation: ExtendVideoMutation,
      variables: { input, connections },
      onCompleted: ({ extendVideo }) => resolve(extendVideo),
      onError: reject,
    });
  });
}
// #endregion

// #region delete
// Selects nothing of DeleteVideoSuccess: Relay would take it for the video, which has the same id.
const DeleteVideoMutation = graphql`
  mutation relayDeleteVideoMutation($id: ID!) {
    deleteVideo(id: $id) {
      ... on GatewayError @alias(as: "error") {
        code
      }
    }
  }
`;

/** @param connections the lists from which the video is removed. */
export function deleteVideo(
  environment: Environment,
  id: string,
  connections: string[],
): Promise<relayDeleteVideoMutation$data['deleteVideo']> {
  return new Promise((resolve, reject) => {
    commitMutation<relayDeleteVideoMutation>(environment, {
      mutation: DeleteVideoMutation,
      variables: { id },
      updater(store, data) {
        if (data?.deleteVideo.error) return;
        const lists = connections.map((connection) => store.get(connection));
        for (const list of lists) if (list) ConnectionHandler.deleteNode(list, id);
        store.delete(id);
      },
      onCompleted: ({ deleteVideo }) => resolve(deleteVideo),
      onError: reject,
    });
  });
}
// #endregion

// #region follow
const VideoExtendedSubscription = graphql`
  subscription relayVideoExtendedSubscription($after: String) {
    videoExtended(after: $after) {
      cursor
      video {
        ...relay_video
      }
    }
  }
`;

/** Delivers every completion after the cursor until the returned function is called. */
export function followCompletions(
  environment: Environment,
  after: string,
  onEnded: (video: relay_video$data) => void,
  onError: (error: Error) => void,
): () => void {
  const { dispose } = requestSubscription<relayVideoExtendedSubscription>(environment, {
    subscription: VideoExtendedSubscription,
    variables: { after },
    onNext: (data) => data && onEnded(readVideo(data.videoExtended.video)),
    onError,
  });
  return dispose;
}
// #endregion

/** The equivalent of useFragment outside React. */
export function readVideo(video: relay_video$key): relay_video$data {
  return readInlineData(VideoFragment, video);
}

/** The equivalent of useLazyLoadQuery outside React: loads, retains and observes a query. */
export function watchQuery<Query extends OperationType>(
  environment: Environment,
  query: GraphQLTaggedNode,
  variables: Query['variables'],
  onData: (data: Query['response']) => void,
  onError: (error: Error) => void,
): () => void {
  const operation = createOperationDescriptor(getRequest(query), variables);
  const held: Disposable[] = [environment.retain(operation)];
  const { unsubscribe } = fetchQuery<Query>(environment, query, variables).subscribe({
    complete() {
      const snapshot = environment.lookup(operation.fragment);
      const tell = ({ data }: Snapshot) => onData(data as Query['response']);
      held.push(environment.subscribe(snapshot, tell));
      tell(snapshot);
    },
    error: onError,
  });
  return () => {
    unsubscribe();
    for (const each of held) each.dispose();
  };
}
