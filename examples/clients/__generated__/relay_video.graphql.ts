/**
 * @generated SignedSource<<def87cd9d8cb39bbcdcf7aededbb22cd>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ReaderInlineDataFragment } from 'relay-runtime';
export type FailureReason = "CONCURRENCY_LIMIT" | "DEADLINE_PASSED" | "IMAGE_UNREADABLE" | "INAPPROPRIATE_CONTENT" | "INCORRECT_IMAGE_FORMAT" | "MEMBERSHIP_REQUIRED" | "NEVER_CONFIRMED" | "PROMPT_MODERATED" | "PROMPT_NSFW" | "PROMPT_TOO_LONG" | "PROVIDER_ERROR" | "UNCLASSIFIED" | "UNSUPPORTED_DIMENSIONS" | "UPLOAD_FAILED" | "%future added value";
export type VideoState = "FAILED" | "GENERATING" | "QUEUED" | "SUCCEEDED" | "UNCONFIRMED" | "WAITING" | "%future added value";
import { FragmentRefs } from "relay-runtime";
export type relay_video$data = {
  readonly failure: {
    readonly message: string;
    readonly reason: FailureReason;
    readonly retryable: boolean;
  } | null | undefined;
  readonly id: string;
  readonly prompt: string | null | undefined;
  readonly state: VideoState;
  readonly taskId: string | null | undefined;
  readonly videoUrl: string | null | undefined;
  readonly " $fragmentType": "relay_video";
};
export type relay_video$key = {
  readonly " $data"?: relay_video$data;
  readonly " $fragmentSpreads": FragmentRefs<"relay_video">;
};

const node: ReaderInlineDataFragment = {
  "kind": "InlineDataFragment",
  "name": "relay_video"
};

(node as any).hash = "cd062819794c303f61ee4d6f48458c79";

export default node;
