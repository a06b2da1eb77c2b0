import { ConnectionError, ProblemError } from "./errors.js";
import type { EventLogEntry, EventLogPage, paths, Problem } from "./schema.js";

type Operation<P extends keyof paths, M extends "get" | "post"> = NonNullable<paths[P][M]>;
type PathsWith<M extends "get" | "post"> = {
  [P in keyof paths]: paths[P] extends { readonly [K in M]: object } ? P : never;
}[keyof paths];

/** The paths that can be read. */
export type GetPath = PathsWith<"get">;
/** The paths that can be posted to. */
export type PostPath = PathsWith<"post">;
/** The lists, which come page by page. */
export type PagedPath = {
  [P in GetPath]: Body<Operation<P, "get">> extends { readonly next: infer N }
    ? null extends N ? P : never
    : never;
}[GetPath];

type Body<O> = O extends {
  readonly responses: { readonly 200: { readonly content: { readonly "application/json": infer B } } };
}
  ? B
  : Blob;

type PathOption<O> = O extends { readonly parameters: { readonly path: infer T extends object } }
  ? { readonly path: { readonly [K in keyof T]: T[K] | number } }
  : { readonly path?: never };

/** Parameters that are undefined are left out. */
type OrUndefined<Q> = { readonly [K in keyof Q]: Q[K] | undefined };

type QueryOption<O> = O extends { readonly parameters: { readonly query?: infer Q } }
  ? [Exclude<Q, undefined>] extends [never]
    ? { readonly query?: never }
    : { readonly query?: OrUndefined<Exclude<Q, undefined>> }
  : { readonly query?: never };

type BodyOption<O> = O extends {
  readonly requestBody: { readonly content: { readonly "application/json": infer B } };
}
  ? Record<string, never> extends B
    ? { readonly body?: B }
    : { readonly body: B }
  : { readonly body?: never };

interface WriteOptions {
  /**
   * The idempotency key: what has the same key is done once. Make it of your record's id and the
   * step, so that a program that is started again repeats nothing. A random one by default, which
   * covers the retries of this call.
   */
  readonly key?: string | undefined;
  /** The tag of the version that was decided on: refused with 412 if there is a newer one. */
  readonly ifMatch?: string | undefined;
}

interface Common {
  readonly signal?: AbortSignal | undefined;
}

/** What a call takes: what its operation says, and what is common to all. */
export type CallOptions<P extends keyof paths, M extends "get" | "post"> = PathOption<Operation<P, M>> &
  QueryOption<Operation<P, M>> &
  (M extends "post" ? BodyOption<Operation<P, M>> & WriteOptions : unknown) &
  Common;

/** Options may be left out where none is required. */
type Arguments<T> = Record<string, never> extends T ? [options?: T] : [options: T];

/** What the desk answered. */
export interface Answer<B> {
  readonly body: B;
  /** The version, for `ifMatch`. */
  readonly etag: string | undefined;
  /** Whether an earlier request with the same key has done it already: this one changed nothing. */
  readonly replayed: boolean;
}

export interface DeskClientOptions {
  /** The desk's address, such as `https://desk.example.com`. */
  readonly url: string;
  /** A token of the API: `pdk_…`. */
  readonly token: string;
  /** The language of error messages, such as `zh-Hans`. */
  readonly language?: string;
  /** How often a request is tried in all. */
  readonly attempts?: number;
  /** How long one try may take, in milliseconds. */
  readonly timeout?: number;
  /** How long a pause before a retry may be, in milliseconds; a longer one is an error instead. */
  readonly longestPause?: number;
  readonly fetch?: typeof fetch;
}

export interface UntilOptions {
  /** Milliseconds between two looks. */
  readonly interval?: number;
  /** Milliseconds after which to give up. */
  readonly timeout?: number;
}

type LoggedType = EventLogEntry["type"];
type LogQuery = NonNullable<CallOptions<"/events", "get">["query"]>;

/** Where to begin reading the log, and which types of events. */
export type FollowOptions<T extends LoggedType = LoggedType> = Omit<LogQuery, "types" | "wait"> &
  Common & { readonly types?: readonly T[] | undefined };

/** A part of the log with events of some types. */
export type LogPage<T extends LoggedType = LoggedType> = Omit<EventLogPage, "events"> & {
  readonly events: readonly Extract<EventLogEntry, { readonly type: T }>[];
};

/** How long the desk may be asked to wait for something, in seconds. */
const LONGEST_WAIT = 30;
/** Milliseconds between two looks whether the desk is back, after all tries of a request. */
const AWAY = 5_000;
const RETRIED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

interface Prepared {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string | null;
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
}

interface AnyOptions extends WriteOptions, Common {
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** A client of the desk's HTTP API. Paths, parameters and bodies are checked by their types. */
export class DeskClient {
  readonly #base: URL;
  readonly #token: string;
  readonly #language: string;
  readonly #attempts: number;
  readonly #timeout: number;
  readonly #longestPause: number;
  readonly #fetch: typeof fetch;

  constructor(options: DeskClientOptions) {
    this.#base = new URL("api/v1", options.url.endsWith("/") ? options.url : `${options.url}/`);
    this.#token = options.token;
    this.#language = options.language ?? "en";
    this.#attempts = options.attempts ?? 6;
    this.#timeout = options.timeout ?? 30_000;
    this.#longestPause = options.longestPause ?? 60_000;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Read something. */
  async get<P extends GetPath>(
    path: P,
    ...[options]: Arguments<CallOptions<P, "get">>
  ): Promise<Answer<Body<Operation<P, "get">>>> {
    return this.#send(this.#prepare("GET", path, options ?? {}));
  }

  /** Do something, once. */
  async post<P extends PostPath>(
    path: P,
    ...[options]: Arguments<CallOptions<P, "post">>
  ): Promise<Answer<Body<Operation<P, "post">>>> {
    return this.#send(this.#prepare("POST", path, options ?? {}));
  }

  /** Read a list page by page. */
  async *pages<P extends PagedPath>(
    path: P,
    ...[options]: Arguments<CallOptions<P, "get">>
  ): AsyncGenerator<Body<Operation<P, "get">>, void, undefined> {
    const given: AnyOptions = options ?? {};
    let query = given.query ?? {};
    for (;;) {
      const { body } = await this.#send<Body<Operation<P, "get">> & { next: string | null }>(
        this.#prepare("GET", path, { ...given, query }),
      );
      yield body;
      if (body.next === null) return;
      query = { ...query, cursor: body.next };
    }
  }

  /**
   * Follow the log of events, page by page and for ever: each page comes as soon as there are
   * events. Store its `next` together with what its events caused, and begin there the next time:
   * then each event is processed once. While the desk is away, this waits for it.
   *
   * @param options where to begin, and which types of events
   */
  async *follow<T extends LoggedType = LoggedType>(
    options: FollowOptions<T> = {},
  ): AsyncGenerator<LogPage<T>, never, undefined> {
    const { signal, ...query } = options;
    for (let from: typeof query = query; ; ) {
      let body: EventLogPage;
      try {
        ({ body } = await this.get("/events", { query: { ...from, wait: LONGEST_WAIT }, signal }));
      } catch (error) {
        if (signal?.aborted || !isAway(error)) throw error;
        await pause(Math.max(AWAY, 1000 * (retryAfterOf(error) ?? 0)), signal);
        continue;
      }
      // The desk answers with the types that were asked for.
      if (body.events.length > 0) yield body as LogPage<T>;
      from = { ...from, cursor: body.next };
    }
  }

  /**
   * Read something again and again until it is as wanted, where no webhook tells.
   *
   * @throws a `TimeoutError` if it does not become so in time
   */
  async until<P extends GetPath>(
    path: P,
    options: CallOptions<P, "get"> & UntilOptions,
    wanted: (body: Body<Operation<P, "get">>) => boolean,
  ): Promise<Answer<Body<Operation<P, "get">>>> {
    const { interval = 5_000, timeout = 600_000, ...call } = options as AnyOptions & UntilOptions;
    const end = Date.now() + timeout;
    for (;;) {
      const answer = await this.#send<Body<Operation<P, "get">>>(this.#prepare("GET", path, call));
      if (wanted(answer.body)) return answer;
      if (Date.now() + interval > end) {
        throw new DOMException(`${path} is not as wanted after ${timeout} ms`, "TimeoutError");
      }
      await pause(interval, call.signal);
    }
  }

  #prepare(method: "GET" | "POST", path: string, options: AnyOptions): Prepared {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(String(options.path?.[name])),
    );
    const url = new URL(this.#base + filled);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value === undefined || value === null) continue;
      for (const one of [value].flat()) url.searchParams.append(name, String(one));
    }
    const headers = new Headers({
      Authorization: `Bearer ${this.#token}`,
      "Accept-Language": this.#language,
    });
    if (method === "POST") {
      headers.set("Content-Type", "application/json");
      headers.set("Idempotency-Key", options.key ?? crypto.randomUUID());
      if (options.ifMatch !== undefined) headers.set("If-Match", options.ifMatch);
    }
    const body = method === "POST" ? JSON.stringify(options.body ?? {}) : null;
    // A request may ask the desk to wait for something.
    const wait = Number(options.query?.["wait"] ?? 0);
    return { method, url, headers, body, signal: options.signal, timeout: this.#timeout + 1000 * wait };
  }

  async #send<B>(request: Prepared): Promise<Answer<B>> {
    for (let attempt = 1; ; attempt++) {
      let wait = 250 * 2 ** attempt * (1 + Math.random() / 4);
      let failure: Error;
      try {
        const response = await this.#try(request);
        if (response.ok) return await read<B>(response);
        const asked = retryAfter(response);
        failure = new ProblemError(response.status, await problemOf(response), asked);
        if (!RETRIED.has(response.status)) throw failure;
        wait = asked === undefined ? wait : asked * 1000;
      } catch (error) {
        if (error instanceof ProblemError || request.signal?.aborted) throw error;
        // Whether it was carried out is not known; the key makes it safe to repeat.
        failure = new ConnectionError(`the desk at ${this.#base.origin} does not answer`, { cause: error });
      }
      if (attempt >= this.#attempts || wait > this.#longestPause) throw failure;
      await pause(wait, request.signal);
    }
  }

  #try({ url, method, headers, body, signal, timeout: milliseconds }: Prepared): Promise<Response> {
    const timeout = AbortSignal.timeout(milliseconds);
    return this.#fetch(url, {
      method,
      headers,
      body,
      // A token must not follow anywhere else.
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  }
}

/** Whether the desk may answer the same request later. */
function isAway(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof ProblemError && RETRIED.has(error.status));
}

function retryAfterOf(error: unknown): number | undefined {
  return error instanceof ProblemError ? error.retryAfter : undefined;
}

async function read<B>(response: Response): Promise<Answer<B>> {
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return {
    body: (isJson ? await response.json() : await response.blob()) as B,
    etag: response.headers.get("ETag") ?? undefined,
    replayed: response.headers.get("Idempotency-Replayed") === "true",
  };
}

async function problemOf(response: Response): Promise<Partial<Problem>> {
  try {
    const parsed: unknown = await response.json();
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** Seconds, from either form of the header. */
function retryAfter(response: Response): number | undefined {
  const header = response.headers.get("Retry-After");
  if (header === null) return undefined;
  const seconds = Number(header);
  const found = Number.isNaN(seconds) ? (Date.parse(header) - Date.now()) / 1000 : seconds;
  return Number.isNaN(found) ? undefined : Math.max(0, found);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}
