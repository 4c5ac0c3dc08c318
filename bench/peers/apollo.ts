/** Apollo Server with Express and graphql-ws as its documentation shows them, without persistence. */

import { EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { type Callback, fetchVideo, sendExtend, toFinished, toVideo } from './upstream-calls.ts';

const events = new EventEmitter().setMaxListeners(0);

const schema = makeExecutableSchema({
  typeDefs: `
    type Video { id: ID taskId: ID state: String prompt: String quality: String videoUrl: String
      coverUrl: String createdAt: String finishedAt: String expired: Boolean }
    type ExtendVideoSuccess { video: Video }
    type VideoExtended { cursor: String video: Video }
    input ExtendVideoInput { taskId: ID! prompt: String! quality: String! }
    type Query { video(taskId: ID!): Video }
    type Mutation { extendVideo(input: ExtendVideoInput!): ExtendVideoSuccess }
    type Subscription { videoExtended(taskId: ID!): VideoExtended }
  `,
  resolvers: {
    Query: { video: (_root, { taskId }) => fetchVideo(taskId) },
    Mutation: {
      extendVideo: async (_root, { input }) => ({
        video: toVideo(await sendExtend(input), 'wait'),
      }),
    },
    Subscription: {
      videoExtended: {
        subscribe: (_root: unknown, { taskId }: { taskId: string }) => on(events, taskId),
        resolve: ([video]: [unknown]) => ({ cursor: '1', video }),
      },
    },
  },
});

const app = express();
const apollo = new ApolloServer({ schema });
await apollo.start();
app.use('/graphql', express.json(), expressMiddleware(apollo));
app.post('/callbacks/:token', express.json(), (request, response) => {
  const video = toFinished(request.body as Callback);
  events.emit(video.taskId, video);
  response.json({ code: 200, msg: 'success' });
});
const server = createServer(app);
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(Number(process.env.PORT), '127.0.0.1');
