/**
 * @generated SignedSource<<fc457abf31965d9807d3b0dde8aa40c0>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
export type ErrorCode = "CURSOR_EXPIRED" | "GATEWAY_UNAVAILABLE" | "IDEMPOTENCY_CONFLICT" | "INSUFFICIENT_CREDITS" | "INTERNAL" | "INVALID_INPUT" | "OUTCOME_UNKNOWN" | "RATE_LIMITED" | "SEQUENCE_NOT_FOUND" | "SOURCE_UNAVAILABLE" | "TOO_LATE" | "UNAUTHENTICATED" | "UPSTREAM_ERROR" | "UPSTREAM_MAINTENANCE" | "UPSTREAM_UNAUTHORIZED" | "UPSTREAM_UNREACHABLE" | "VIDEO_NOT_FOUND" | "%future added value";
export type relayDeleteVideoMutation$variables = {
  id: string;
};
export type relayDeleteVideoMutation$data = {
  readonly deleteVideo: {
    readonly error: {
      readonly code: ErrorCode;
    } | null | undefined;
  };
};
export type relayDeleteVideoMutation = {
  response: relayDeleteVideoMutation$data;
  variables: relayDeleteVideoMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "id"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "id",
    "variableName": "id"
  }
],
v2 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "code",
      "storageKey": null
    }
  ],
  "type": "GatewayError",
  "abstractKey": "__isGatewayError"
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "relayDeleteVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "deleteVideo",
        "plural": false,
        "selections": [
          {
            "fragment": (v2/*:: as any*/),
            "kind": "AliasedInlineFragmentSpread",
            "name": "error"
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayDeleteVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "deleteVideo",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "__typename",
            "storageKey": null
          },
          (v2/*:: as any*/),
          {
            "kind": "InlineFragment",
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "id",
                "storageKey": null
              }
            ],
            "type": "DeleteVideoSuccess",
            "abstractKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "7480dfd87131350e2327fbb02439a1dd",
    "id": null,
    "metadata": {},
    "name": "relayDeleteVideoMutation",
    "operationKind": "mutation",
    "text": "mutation relayDeleteVideoMutation(\n  $id: ID!\n) {\n  deleteVideo(id: $id) {\n    __typename\n    ... on GatewayError {\n      __isGatewayError: __typename\n      code\n    }\n    ... on DeleteVideoSuccess {\n      id\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "7881a3a90b7edd8d82b915d5a5fd1386";

export default node;
