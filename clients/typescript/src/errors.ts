import type { FaultResponse, Problem } from "./schema.js";

/** The desk refused a request (RFC 9457); `code` and `reason` are for programs. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  /** A proxy in front of the desk may answer without one. */
  readonly code: Problem["code"] | undefined;
  readonly reason: string | undefined;
  /** The missing scope of a 403. */
  readonly scope: Problem["scope"] | undefined;
  /** What is wrong with a request that is invalid, field by field. */
  readonly faults: readonly FaultResponse[];
  /** The desk's log has the request under this id. */
  readonly requestId: string | undefined;
  /** Seconds to wait before a retry. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Partial<Problem>, retryAfter?: number) {
    const faults = problem.faults?.map(({ where, what, message }) => `${where} ${message ?? what}`).join("; ");
    super([status, problem.code, problem.reason, problem.title, faults].filter(Boolean).join(" "));
    this.status = status;
    this.code = problem.code;
    this.reason = problem.reason ?? undefined;
    this.scope = problem.scope ?? undefined;
    this.faults = problem.faults ?? [];
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
  }
}

/** The desk could not be reached. A POST may have been carried out: repeat it with the same key. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}
