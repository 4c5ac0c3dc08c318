/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "fragment VideoFields on Video {\n  id\n  taskId\n  state\n  kind\n  prompt\n  quality\n  duration\n  aspectRatio\n  videoUrl\n  coverUrl\n  expired\n  sourceTaskId\n  createdAt\n  finishedAt\n  expiresAt\n  kept {\n    state\n    expiresAt\n  }\n  estimatedFinishAt\n  schedule {\n    position\n    estimatedStartAt\n    notBefore\n    deadline\n  }\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n\nquery Video($taskId: ID!) {\n  video(taskId: $taskId) {\n    ...VideoFields\n    ancestors(first: 50) {\n      ...VideoFields\n    }\n  }\n}\n\nquery Videos($first: Int!, $after: String, $states: [VideoState!]) {\n  videos(first: $first, after: $after, states: $states) {\n    edges {\n      node {\n        ...VideoFields\n      }\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\n\nmutation WithdrawVideo($id: ID!) {\n  withdrawVideo(id: $id) {\n    __typename\n    ... on WithdrawVideoSuccess {\n      video {\n        ...VideoFields\n      }\n    }\n    ... on GatewayError {\n      message\n    }\n    ... on TooLateError {\n      video {\n        ...VideoFields\n      }\n    }\n  }\n}\n\nmutation DeleteVideo($id: ID!) {\n  deleteVideo(id: $id) {\n    __typename\n    ... on DeleteVideoSuccess {\n      id\n    }\n    ... on GatewayError {\n      message\n    }\n  }\n}\n\nsubscription VideoUpdated($taskId: ID!) {\n  videoUpdated(taskId: $taskId) {\n    ...VideoFields\n  }\n}\n\nsubscription VideoExtended($after: String) {\n  videoExtended(after: $after) {\n    cursor\n    video {\n      ...VideoFields\n    }\n  }\n}": typeof types.VideoFieldsFragmentDoc,
};
const documents: Documents = {
    "fragment VideoFields on Video {\n  id\n  taskId\n  state\n  kind\n  prompt\n  quality\n  duration\n  aspectRatio\n  videoUrl\n  coverUrl\n  expired\n  sourceTaskId\n  createdAt\n  finishedAt\n  expiresAt\n  kept {\n    state\n    expiresAt\n  }\n  estimatedFinishAt\n  schedule {\n    position\n    estimatedStartAt\n    notBefore\n    deadline\n  }\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n\nquery Video($taskId: ID!) {\n  video(taskId: $taskId) {\n    ...VideoFields\n    ancestors(first: 50) {\n      ...VideoFields\n    }\n  }\n}\n\nquery Videos($first: Int!, $after: String, $states: [VideoState!]) {\n  videos(first: $first, after: $after, states: $states) {\n    edges {\n      node {\n        ...VideoFields\n      }\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\n\nmutation WithdrawVideo($id: ID!) {\n  withdrawVideo(id: $id) {\n    __typename\n    ... on WithdrawVideoSuccess {\n      video {\n        ...VideoFields\n      }\n    }\n    ... on GatewayError {\n      message\n    }\n    ... on TooLateError {\n      video {\n        ...VideoFields\n      }\n    }\n  }\n}\n\nmutation DeleteVideo($id: ID!) {\n  deleteVideo(id: $id) {\n    __typename\n    ... on DeleteVideoSuccess {\n      id\n    }\n    ... on GatewayError {\n      message\n    }\n  }\n}\n\nsubscription VideoUpdated($taskId: ID!) {\n  videoUpdated(taskId: $taskId) {\n    ...VideoFields\n  }\n}\n\nsubscription VideoExtended($after: String) {\n  videoExtended(after: $after) {\n    cursor\n    video {\n      ...VideoFields\n    }\n  }\n}": types.VideoFieldsFragmentDoc,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment VideoFields on Video {\n  id\n  taskId\n  state\n  kind\n  prompt\n  quality\n  duration\n  aspectRatio\n  videoUrl\n  coverUrl\n  expired\n  sourceTaskId\n  createdAt\n  finishedAt\n  expiresAt\n  kept {\n    state\n    expiresAt\n  }\n  estimatedFinishAt\n  schedule {\n    position\n    estimatedStartAt\n    notBefore\n    deadline\n  }\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n\nquery Video($taskId: ID!) {\n  video(taskId: $taskId) {\n    ...VideoFields\n    ancestors(first: 50) {\n      ...VideoFields\n    }\n  }\n}\n\nquery Videos($first: Int!, $after: String, $states: [VideoState!]) {\n  videos(first: $first, after: $after, states: $states) {\n    edges {\n      node {\n        ...VideoFields\n      }\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\n\nmutation WithdrawVideo($id: ID!) {\n  withdrawVideo(id: $id) {\n    __typename\n    ... on WithdrawVideoSuccess {\n      video {\n        ...VideoFields\n      }\n    }\n    ... on GatewayError {\n      message\n    }\n    ... on TooLateError {\n      video {\n        ...VideoFields\n      }\n    }\n  }\n}\n\nmutation DeleteVideo($id: ID!) {\n  deleteVideo(id: $id) {\n    __typename\n    ... on DeleteVideoSuccess {\n      id\n    }\n    ... on GatewayError {\n      message\n    }\n  }\n}\n\nsubscription VideoUpdated($taskId: ID!) {\n  videoUpdated(taskId: $taskId) {\n    ...VideoFields\n  }\n}\n\nsubscription VideoExtended($after: String) {\n  videoExtended(after: $after) {\n    cursor\n    video {\n      ...VideoFields\n    }\n  }\n}"): (typeof documents)["fragment VideoFields on Video {\n  id\n  taskId\n  state\n  kind\n  prompt\n  quality\n  duration\n  aspectRatio\n  videoUrl\n  coverUrl\n  expired\n  sourceTaskId\n  createdAt\n  finishedAt\n  expiresAt\n  kept {\n    state\n    expiresAt\n  }\n  estimatedFinishAt\n  schedule {\n    position\n    estimatedStartAt\n    notBefore\n    deadline\n  }\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n\nquery Video($taskId: ID!) {\n  video(taskId: $taskId) {\n    ...VideoFields\n    ancestors(first: 50) {\n      ...VideoFields\n    }\n  }\n}\n\nquery Videos($first: Int!, $after: String, $states: [VideoState!]) {\n  videos(first: $first, after: $after, states: $states) {\n    edges {\n      node {\n        ...VideoFields\n      }\n    }\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\n\nmutation WithdrawVideo($id: ID!) {\n  withdrawVideo(id: $id) {\n    __typename\n    ... on WithdrawVideoSuccess {\n      video {\n        ...VideoFields\n      }\n    }\n    ... on GatewayError {\n      message\n    }\n    ... on TooLateError {\n      video {\n        ...VideoFields\n      }\n    }\n  }\n}\n\nmutation DeleteVideo($id: ID!) {\n  deleteVideo(id: $id) {\n    __typename\n    ... on DeleteVideoSuccess {\n      id\n    }\n    ... on GatewayError {\n      message\n    }\n  }\n}\n\nsubscription VideoUpdated($taskId: ID!) {\n  videoUpdated(taskId: $taskId) {\n    ...VideoFields\n  }\n}\n\nsubscription VideoExtended($after: String) {\n  videoExtended(after: $after) {\n    cursor\n    video {\n      ...VideoFields\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;