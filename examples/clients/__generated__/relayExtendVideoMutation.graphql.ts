/**
 * @generated SignedSource<<87319524d51363ed2f0641078da5179a>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
import { FragmentRefs } from "relay-runtime";
export type ErrorCode = "CURSOR_EXPIRED" | "GATEWAY_UNAVAILABLE" | "IDEMPOTENCY_CONFLICT" | "INSUFFICIENT_CREDITS" | "INTERNAL" | "INVALID_INPUT" | "OUTCOME_UNKNOWN" | "RATE_LIMITED" | "SEQUENCE_NOT_FOUND" | "SOURCE_UNAVAILABLE" | "TOO_LATE" | "UNAUTHENTICATED" | "UPSTREAM_ERROR" | "UPSTREAM_MAINTENANCE" | "UPSTREAM_UNAUTHORIZED" | "UPSTREAM_UNREACHABLE" | "VIDEO_NOT_FOUND" | "%future added value";
export type VideoQuality = "P1080" | "P720" | "%future added value";
export type WhenBusy = "FAIL" | "QUEUE" | "%future added value";
export type ExtendVideoInput = {
  expandPrompt?: boolean | null | undefined;
  idempotencyKey?: string | null | undefined;
  imageUrl?: string | null | undefined;
  notBefore?: string | null | undefined;
  prompt: string;
  quality: VideoQuality;
  taskId: string;
  waterMark?: string | null | undefined;
  whenBusy?: WhenBusy;
};
export type relayExtendVideoMutation$variables = {
  connections: ReadonlyArray<string>;
  input: ExtendVideoInput;
};
export type relayExtendVideoMutation$data = {
  readonly extendVideo: {
    readonly error: {
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryAfter: number | null | undefined;
      readonly retryable: boolean;
    } | null | undefined;
    readonly invalid: {
      readonly issues: ReadonlyArray<{
        readonly message: string;
        readonly path: ReadonlyArray<string>;
      }>;
    } | null | undefined;
    readonly success: {
      readonly cursor: string;
      readonly video: {
        readonly " $fragmentSpreads": FragmentRefs<"relay_video">;
      };
    } | null | undefined;
    readonly unknown: {
      readonly video: {
        readonly " $fragmentSpreads": FragmentRefs<"relay_video">;
      };
    } | null | undefined;
    readonly upstream: {
      readonly inDoubt: {
        readonly " $fragmentSpreads": FragmentRefs<"relay_video">;
      } | null | undefined;
    } | null | undefined;
  };
};
export type relayExtendVideoMutation = {
  response: relayExtendVideoMutation$data;
  variables: relayExtendVideoMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "connections"
},
v1 = {
  "defaultValue": null,
  "kind": "LocalArgument",
  "name": "input"
},
v2 = [
  {
    "kind": "Variable",
    "name": "input",
    "variableName": "input"
  }
],
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "cursor",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "message",
  "storageKey": null
},
v5 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "retryable",
  "storageKey": null
},
v6 = [
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "id",
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "taskId",
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "state",
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "prompt",
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "videoUrl",
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "concreteType": "VideoFailure",
    "kind": "LinkedField",
    "name": "failure",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "reason",
        "storageKey": null
      },
      (v4/*:: as any*/),
      (v5/*:: as any*/)
    ],
    "storageKey": null
  }
],
v7 = [
  {
    "kind": "InlineDataFragmentSpread",
    "name": "relay_video",
    "selections": (v6/*:: as any*/),
    "args": null,
    "argumentDefinitions": ([]/*:: as any*/)
  }
],
v8 = {
  "alias": null,
  "args": null,
  "concreteType": "Video",
  "kind": "LinkedField",
  "name": "video",
  "plural": false,
  "selections": (v7/*:: as any*/),
  "storageKey": null
},
v9 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "concreteType": "InputIssue",
      "kind": "LinkedField",
      "name": "issues",
      "plural": true,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "path",
          "storageKey": null
        },
        (v4/*:: as any*/)
      ],
      "storageKey": null
    }
  ],
  "type": "InvalidInputError",
  "abstractKey": null
},
v10 = {
  "kind": "InlineFragment",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "code",
      "storageKey": null
    },
    (v4/*:: as any*/),
    (v5/*:: as any*/),
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "retryAfter",
      "storageKey": null
    }
  ],
  "type": "GatewayError",
  "abstractKey": "__isGatewayError"
},
v11 = {
  "alias": null,
  "args": null,
  "concreteType": "Video",
  "kind": "LinkedField",
  "name": "video",
  "plural": false,
  "selections": (v6/*:: as any*/),
  "storageKey": null
},
v12 = [
  {
    "kind": "Variable",
    "name": "connections",
    "variableName": "connections"
  },
  {
    "kind": "Literal",
    "name": "edgeTypeName",
    "value": "VideoEdge"
  }
],
v13 = {
  "alias": null,
  "args": null,
  "filters": null,
  "handle": "prependNode",
  "key": "",
  "kind": "LinkedHandle",
  "name": "video",
  "handleArgs": (v12/*:: as any*/)
};
return {
  "fragment": {
    "argumentDefinitions": [
      (v0/*:: as any*/),
      (v1/*:: as any*/)
    ],
    "kind": "Fragment",
    "metadata": null,
    "name": "relayExtendVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v2/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "extendVideo",
        "plural": false,
        "selections": [
          {
            "fragment": {
              "kind": "InlineFragment",
              "selections": [
                (v3/*:: as any*/),
                (v8/*:: as any*/)
              ],
              "type": "ExtendVideoSuccess",
              "abstractKey": null
            },
            "kind": "AliasedInlineFragmentSpread",
            "name": "success"
          },
          {
            "fragment": {
              "kind": "InlineFragment",
              "selections": [
                (v8/*:: as any*/)
              ],
              "type": "OutcomeUnknownError",
              "abstractKey": null
            },
            "kind": "AliasedInlineFragmentSpread",
            "name": "unknown"
          },
          {
            "fragment": {
              "kind": "InlineFragment",
              "selections": [
                {
                  "alias": "inDoubt",
                  "args": null,
                  "concreteType": "Video",
                  "kind": "LinkedField",
                  "name": "video",
                  "plural": false,
                  "selections": (v7/*:: as any*/),
                  "storageKey": null
                }
              ],
              "type": "UpstreamError",
              "abstractKey": null
            },
            "kind": "AliasedInlineFragmentSpread",
            "name": "upstream"
          },
          {
            "fragment": (v9/*:: as any*/),
            "kind": "AliasedInlineFragmentSpread",
            "name": "invalid"
          },
          {
            "fragment": (v10/*:: as any*/),
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
    "argumentDefinitions": [
      (v1/*:: as any*/),
      (v0/*:: as any*/)
    ],
    "kind": "Operation",
    "name": "relayExtendVideoMutation",
    "selections": [
      {
        "alias": null,
        "args": (v2/*:: as any*/),
        "concreteType": null,
        "kind": "LinkedField",
        "name": "extendVideo",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "__typename",
            "storageKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": [
              (v3/*:: as any*/),
              (v11/*:: as any*/),
              (v13/*:: as any*/)
            ],
            "type": "ExtendVideoSuccess",
            "abstractKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": [
              (v11/*:: as any*/),
              (v13/*:: as any*/)
            ],
            "type": "OutcomeUnknownError",
            "abstractKey": null
          },
          {
            "kind": "InlineFragment",
            "selections": [
              {
                "alias": "inDoubt",
                "args": null,
                "concreteType": "Video",
                "kind": "LinkedField",
                "name": "video",
                "plural": false,
                "selections": (v6/*:: as any*/),
                "storageKey": null
              },
              {
                "alias": "inDoubt",
                "args": null,
                "filters": null,
                "handle": "prependNode",
                "key": "",
                "kind": "LinkedHandle",
                "name": "video",
                "handleArgs": (v12/*:: as any*/)
              }
            ],
            "type": "UpstreamError",
            "abstractKey": null
          },
          (v9/*:: as any*/),
          (v10/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "05a0f4e3b02d2d78eef348daf187a159",
    "id": null,
    "metadata": {},
    "name": "relayExtendVideoMutation",
    "operationKind": "mutation",
    "text": "mutation relayExtendVideoMutation(\n  $input: ExtendVideoInput!\n) {\n  extendVideo(input: $input) {\n    __typename\n    ... on ExtendVideoSuccess {\n      cursor\n      video {\n        ...relay_video\n        id\n      }\n    }\n    ... on OutcomeUnknownError {\n      video {\n        ...relay_video\n        id\n      }\n    }\n    ... on UpstreamError {\n      inDoubt: video {\n        ...relay_video\n        id\n      }\n    }\n    ... on InvalidInputError {\n      issues {\n        path\n        message\n      }\n    }\n    ... on GatewayError {\n      __isGatewayError: __typename\n      code\n      message\n      retryable\n      retryAfter\n    }\n  }\n}\n\nfragment relay_video on Video {\n  id\n  taskId\n  state\n  prompt\n  videoUrl\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n"
  }
};
})();

(node as any).hash = "40a17a0f6060bda52782372869e0e70a";

export default node;
