import { type Finding, fault, ok } from './finding.ts';
import { explainUnsupportedNode } from './node-version.ts';

export function examineRuntime(version: string): Finding {
  const reason = explainUnsupportedNode(version);
  return reason ? fault('runtime', reason) : ok('runtime', `Node ${version}`);
}
