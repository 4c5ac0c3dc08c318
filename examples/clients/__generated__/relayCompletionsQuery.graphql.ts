/**
 * @generated SignedSource<<49a1f1052cc71d996d143cbf7d039dc2>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
export type relayCompletionsQuery$variables = {
  after?: string | null | undefined;
};
export type relayCompletionsQuery$data = {
  readonly completions: {
    readonly pageInfo: {
      readonly endCursor: string | null | undefined;
      readonly hasNextPage: boolean;
    };
  };
};
export type relayCompletionsQuery = {
  response: relayCompletionsQuery$data;
  variables: relayCompletionsQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "after"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "after",
        "variableName": "after"
      },
      {
        "kind": "Literal",
        "name": "first",
        "value": 100
      }
    ],
    "concreteType": "VideoExtendedConnection",
    "kind": "LinkedField",
    "name": "completions",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "PageInfo",
        "kind": "LinkedField",
        "name": "pageInfo",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "endCursor",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "hasNextPage",
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "relayCompletionsQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayCompletionsQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "b9e686b5faddea5e7172bb9b4096c82a",
    "id": null,
    "metadata": {},
    "name": "relayCompletionsQuery",
    "operationKind": "query",
    "text": "query relayCompletionsQuery(\n  $after: String\n) {\n  completions(first: 100, after: $after) {\n    pageInfo {\n      endCursor\n      hasNextPage\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "49fc6673c18dd11218075b01afa492c5";

export default node;
