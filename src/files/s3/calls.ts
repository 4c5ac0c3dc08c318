/**
 * Calls of the thread that transfers files to the gateway's thread, which alone loads the AWS SDK and its
 * credentials. Each transfer has a port for its calls, and makes one at a time.
 */

import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { type Failure, toError, toFailure } from '../transfer-failure.ts';
import type { ControlRequests, S3Control } from './control.ts';

type Names = keyof ControlRequests;
type Parameter<Name extends Names> = Parameters<ControlRequests[Name]>;
type Result<Name extends Names> = ReturnType<ControlRequests[Name]>;

type Call<Name extends Names = Names> = {
  [Each in Name]: { readonly name: Each; readonly parameters: Parameter<Each> };
}[Name];

type Answer = { readonly result: Result<Names> } | { readonly failure: Failure };

/** In the thread that transfers files. */
export function callS3Control(port: MessagePort): S3Control {
  const prepare =
    <Name extends Names>(name: Name) =>
    async (...parameters: Parameter<Name>): Promise<Result<Name>> => {
      port.postMessage({ name, parameters });
      const [answer] = (await once(port, 'message')) as [Answer];
      if ('failure' in answer) throw toError(answer.failure);
      return answer.result as Result<Name>;
    };
  return {
    begin: prepare('begin'),
    complete: prepare('complete'),
    abort: prepare('abort'),
    toPartUrl: prepare('toPartUrl'),
    toWriteUrl: prepare('toWriteUrl'),
    toReadUrl: prepare('toReadUrl'),
  };
}

/**
 * In the gateway's thread.
 *
 * @returns when the other thread has closed the port, or died, and nothing is being carried out any more.
 */
export async function answerS3Calls(port: MessagePort, control: S3Control): Promise<void> {
  let answering = Promise.resolve();

  async function answer(call: Call): Promise<void> {
    try {
      port.postMessage({ result: await carryOut(control, call) });
    } catch (error) {
      port.postMessage({ failure: toFailure(error) });
    }
  }

  port.on('message', (call: Call) => {
    answering = answer(call);
  });
  await once(port, 'close');
  await answering;
}

function carryOut<Name extends Names>(
  control: S3Control,
  { name, parameters }: Call<Name>,
): Promise<Result<Names>> {
  return control[name](...parameters);
}
