/**
 * @generated SignedSource<<1e94912b41f7a2611b88d18778ec4ab3>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ConcreteRequest } from 'relay-runtime';
import { FragmentRefs } from "relay-runtime";
export type relayVideoExtendedSubscription$variables = {
  after?: string | null | undefined;
};
export type relayVideoExtendedSubscription$data = {
  readonly videoExtended: {
    readonly cursor: string;
    readonly video: {
      readonly " $fragmentSpreads": FragmentRefs<"relay_video">;
    };
  };
};
export type relayVideoExtendedSubscription = {
  response: relayVideoExtendedSubscription$data;
  variables: relayVideoExtendedSubscription$variables;
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
    "kind": "Variable",
    "name": "after",
    "variableName": "after"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "cursor",
  "storageKey": null
},
v3 = [
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
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "message",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "retryable",
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
    "name": "relayVideoExtendedSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "VideoExtended",
        "kind": "LinkedField",
        "name": "videoExtended",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "Video",
            "kind": "LinkedField",
            "name": "video",
            "plural": false,
            "selections": [
              {
                "kind": "InlineDataFragmentSpread",
                "name": "relay_video",
                "selections": (v3/*:: as any*/),
                "args": null,
                "argumentDefinitions": []
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayVideoExtendedSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "VideoExtended",
        "kind": "LinkedField",
        "name": "videoExtended",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "Video",
            "kind": "LinkedField",
            "name": "video",
            "plural": false,
            "selections": (v3/*:: as any*/),
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "a63d74747331ef4e0685ecb6eef048c6",
    "id": null,
    "metadata": {},
    "name": "relayVideoExtendedSubscription",
    "operationKind": "subscription",
    "text": "subscription relayVideoExtendedSubscription(\n  $after: String\n) {\n  videoExtended(after: $after) {\n    cursor\n    video {\n      ...relay_video\n      id\n    }\n  }\n}\n\nfragment relay_video on Video {\n  id\n  taskId\n  state\n  prompt\n  videoUrl\n  failure {\n    reason\n    message\n    retryable\n  }\n}\n"
  }
};
})();

(node as any).hash = "37ff61ebec0bb7966ac4042d69f9bff8";

export default node;
