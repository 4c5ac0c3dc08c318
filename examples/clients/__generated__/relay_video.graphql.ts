/**
 * @generated SignedSource<<15e3b44d39cf8d2a7ed1691d0990dafa>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import { ReaderInlineDataFragment } from 'relay-runtime';
export type FailureReason = "CONCURRENCY_LIMIT" | "DEADLINE_PASSED" | "IMAGE_UNREADABLE" | "INAPPROPRIATE_CONTENT" | "INCORRECT_IMAGE_FORMAT" | "INPUT_REFUSED" | "INSUFFICIENT_CREDITS" | "MEMBERSHIP_REQUIRED" | "NEVER_CONFIRMED" | "NEVER_SENT" | "PROMPT_MODERATED" | "PROMPT_NSFW" | "PROMPT_TOO_LONG" | "PROVIDER_ERROR" | "SOURCE_NOT_FOUND" | "UNCLASSIFIED" | "UNSUPPORTED_DIMENSIONS" | "UPLOAD_FAILED" | "%future added value";
export type VideoState = "FAILED" | "GENERATING" | "QUEUED" | "SCHEDULED" | "SUCCEEDED" | "UNCONFIRMED" | "WAITING" | "WITHDRAWN" | "%future added value";
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
