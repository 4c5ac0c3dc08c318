/** GraphQL Yoga and Pothos as their documentation shows them, without persistence. */

import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import {
  type Callback,
  fetchVideo,
  sendExtend,
  toFinished,
  toVideo,
  type Video,
} from './upstream-calls.ts';

const builder = new SchemaBuilder<{ DefaultFieldNullability: true }>({});
const pubSub = createPubSub<Record<`task:${string}`, [Video]>>();

const VideoRef = builder.objectRef<Video>('Video').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    taskId: t.exposeID('taskId'),
    state: t.exposeString('state'),
    prompt: t.exposeString('prompt'),
    quality: t.exposeString('quality'),
    videoUrl: t.exposeString('videoUrl'),
    coverUrl: t.exposeString('coverUrl'),
    createdAt: t.exposeString('createdAt'),
    finishedAt: t.exposeString('finishedAt'),
    expired: t.exposeBoolean('expired'),
  }),
});
const Success = builder.objectRef<{ video: Video }>('ExtendVideoSuccess').implement({
  fields: (t) => ({ video: t.field({ type: VideoRef, resolve: (success) => success.video }) }),
});
const Event = builder.objectRef<{ cursor: string; video: Video }>('VideoExtended').implement({
  fields: (t) => ({
    cursor: t.exposeString('cursor'),
    video: t.field({ type: VideoRef, resolve: (event) => event.video }),
  }),
});
const Input = builder.inputType('ExtendVideoInput', {
  fields: (t) => ({
    taskId: t.id({ required: true }),
    prompt: t.string({ required: true }),
    quality: t.string({ required: true }),
  }),
});

builder.queryType({
  fields: (t) => ({
    video: t.field({
      type: VideoRef,
      args: { taskId: t.arg.id({ required: true }) },
      resolve: (_root, { taskId }) => fetchVideo(String(taskId)),
    }),
  }),
});
builder.mutationType({
  fields: (t) => ({
    extendVideo: t.field({
      type: Success,
      args: { input: t.arg({ type: Input, required: true }) },
      resolve: async (_root, { input }) => {
        const taskId = await sendExtend({ taskId: String(input.taskId), prompt: input.prompt });
        return { video: toVideo(taskId, 'wait') };
      },
    }),
  }),
});
builder.subscriptionType({
  fields: (t) => ({
    videoExtended: t.field({
      type: Event,
      args: { taskId: t.arg.id({ required: true }) },
      subscribe: (_root, { taskId }) => pubSub.subscribe(`task:${taskId}`),
      resolve: (video) => ({ cursor: '1', video }),
    }),
  }),
});

const yoga = createYoga({ schema: builder.toSchema(), logging: false });
const server = createServer((request, response) => {
  if (!request.url?.startsWith('/callbacks/')) return yoga(request, response);
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const video = toFinished(JSON.parse(body) as Callback);
    pubSub.publish(`task:${video.taskId}`, video);
    response.end('{"code":200,"msg":"success"}');
  });
});
const sockets = new WebSocketServer({ server, path: '/graphql' });
useServer(
  {
    execute: (args) =>
      (args as { rootValue: { execute: typeof Function.prototype } }).rootValue.execute(args),
    subscribe: (args) =>
      (args as { rootValue: { subscribe: typeof Function.prototype } }).rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        params,
      });
      const document = parse(params.query);
      const errors = validate(schema, document);
      if (errors.length > 0) return errors;
      return {
        schema,
        document,
        operationName: params.operationName,
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
    },
  },
  sockets,
);
server.listen(Number(process.env.PORT), '127.0.0.1');
