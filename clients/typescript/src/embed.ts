/** The desk's chat in a web page: in a panel over the page, or inside an element of it. */

export type Language = "zh-Hans" | "zh-Hant" | "en";
export type Theme = "light" | "dark" | "auto";

export interface ChatOptions {
  /** The desk's address, such as `https://desk.example.com`. */
  readonly url: string;
  /**
   * Fetch an app token from your backend; null if nobody is logged in. It is called when the chat
   * opens, and again before a token expires. While it rejects, it is called again after a pause.
   */
  readonly getToken?: () => Promise<string | null>;
  /** Where the chat is shown; a panel over the page without one. */
  readonly container?: HTMLElement;
  /**
   * The language that a new conversation begins in; by default the browser's. The `locale` of a
   * token comes before it, and a conversation that exists keeps its own until `setLanguage`.
   */
  readonly language?: Language;
  /** `auto`, the default, follows the system. */
  readonly theme?: Theme;
  /** The time zone of times in the chat, such as `Asia/Shanghai`; by default the browser's. */
  readonly zone?: string;
  /** The name of panel and frame for screen readers, in any language; the panel shows it, too. */
  readonly title?: string;
  /** Load the chat before it is opened, so that it can tell about unread messages. */
  readonly preload?: boolean;
  /** Called when the number of unread messages has changed. */
  readonly onUnread?: (count: number) => void;
  /** Called when the chat was opened, and when it was closed. */
  readonly onToggle?: (isOpen: boolean) => void;
  /**
   * Show the operator's challenge (a captcha), and return its token; called again for a wrong one.
   * Without a token, the chat begins when the desk no longer asks for one.
   */
  readonly onChallenge?: (siteKey: string) => Promise<string>;
}

/** The desk's chat in this page. */
export interface Chat {
  readonly isOpen: boolean;
  /** How many messages have come that were not shown yet. */
  readonly unread: number;
  open(): void;
  close(): void;
  toggle(): void;
  /** Switch the language of chat and panel, with that of the page. */
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
  /** Fetch a token now: after a login, or a change of account. */
  renew(): void;
  /**
   * Remove what the chat shows, and what it has stored in this browser; to be called at a log-out,
   * also where the chat was not opened. Await it before the page is left.
   */
  logout(): Promise<void>;
  /** Remove the chat from the page. */
  destroy(): void;
}

interface Words {
  readonly title: string;
  readonly close: string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  "zh-Hans": { title: "隐私服务台", close: "关闭" },
  "zh-Hant": { title: "隱私服務台", close: "關閉" },
  en: { title: "Privacy desk", close: "Close" },
};

const STYLE = `
:host { color-scheme: light dark; }
:host([data-theme="light"]) { color-scheme: light; }
:host([data-theme="dark"]) { color-scheme: dark; }
section {
  position: fixed; z-index: 2147483000; inset: auto 16px 16px auto;
  width: min(400px, calc(100vw - 32px)); height: min(720px, calc(100vh - 32px));
  display: flex; flex-direction: column; overflow: hidden;
  border: 1px solid GrayText; border-radius: 12px; background: Canvas; color: CanvasText;
  font: 16px system-ui, sans-serif; box-shadow: 0 4px 24px rgb(0 0 0 / 25%);
}
section[hidden] { display: none; }
header { display: flex; align-items: center; justify-content: space-between; padding-left: 16px; }
button {
  width: 44px; height: 44px; border: 0; background: none; color: inherit;
  font: inherit; font-size: 24px; cursor: pointer;
}
iframe { flex: 1; min-height: 0; }
@media (max-width: 480px) {
  section { inset: 0; width: auto; height: auto; border: 0; border-radius: 0; }
}
`;

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
/** How long a frame has to clear its storage, with the loading. */
const LONGEST_LEAVING = 5_000;

/** Put the chat into the page, closed unless it has a container. */
export function createChat(options: ChatOptions): Chat {
  return new EmbeddedChat(options);
}

class EmbeddedChat implements Chat {
  readonly #options: ChatOptions;
  readonly #address: URL;
  readonly #view: View;
  readonly #end = new AbortController();
  #frame: HTMLIFrameElement | null = null;
  /** A token that was fetched before the frame was there to take it. */
  #fetched: string | null = null;
  /** Grows with each load and log-out, so that what was begun before comes to nothing. */
  #round = 0;
  /** Done once the frame has cleared its storage, if it was told to. */
  #left: Promise<void> = Promise.resolve();
  #isOpen = false;
  #unread = 0;
  #language: Language | undefined;
  #theme: Theme;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#address = new URL("chat/", options.url.endsWith("/") ? options.url : `${options.url}/`);
    this.#language = options.language;
    this.#theme = options.theme ?? "auto";
    this.#view = options.container
      ? new Inline(options.container)
      : new Panel(() => this.close());
    this.#view.speak(this.#words(options.language ?? languageOf(document.documentElement.lang)));
    this.#view.setTheme(this.#theme);
    addEventListener("message", (message) => this.#hear(message), { signal: this.#end.signal });
    if (options.container) this.open();
    else if (options.preload) void this.#load();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unread(): number {
    return this.#unread;
  }

  open(): void {
    if (this.#isOpen || this.#end.signal.aborted) return;
    this.#isOpen = true;
    if (!this.#frame) void this.#load();
    this.#view.show(true);
    this.#options.onToggle?.(true);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#view.show(false);
    this.#options.onToggle?.(false);
  }

  toggle(): void {
    if (this.#isOpen) this.close();
    else this.open();
  }

  setLanguage(language: Language): void {
    this.#language = language;
    this.#view.speak(this.#words(language));
    this.#post({ type: "privacydesk:language", language });
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#view.setTheme(theme);
    this.#post({ type: "privacydesk:theme", theme });
  }

  renew(): void {
    if (this.#frame) void this.#handOver();
  }

  logout(): Promise<void> {
    this.#round++;
    this.#fetched = null;
    this.close();
    // Without a frame, an earlier page may have stored something: the chat is loaded to clear it.
    this.#left = this.#leave(this.#frame ?? this.#view.load(`${this.#address.href}#token=`));
    // Until it has, the frame stays, but out of sight, also while the next token can't be had.
    this.#view.hide();
    this.#frame = null;
    this.#count(0);
    return this.#left;
  }

  destroy(): void {
    this.#end.abort();
    this.#round++;
    this.#isOpen = false;
    this.#frame = null;
    void this.#left.then(() => this.#view.remove());
  }

  /** Have a frame clear its storage, also one that is still being loaded. */
  #leave(frame: HTMLIFrameElement): Promise<void> {
    const { origin } = this.#address;
    const end = new AbortController();
    const { signal } = end;
    return new Promise<void>((resolve) => {
      const ask = () => frame.contentWindow?.postMessage({ type: "privacydesk:logout" }, origin);
      const hear = (message: MessageEvent<{ type?: unknown } | null>) => {
        if (message.source !== frame.contentWindow || message.origin !== origin) return;
        if (message.data?.type === "privacydesk:left") resolve();
      };
      addEventListener("message", hear, { signal });
      frame.addEventListener("load", ask, { signal });
      setTimeout(resolve, LONGEST_LEAVING);
      ask();
    }).finally(() => end.abort());
  }

  #words(language: Language): Words {
    const words = WORDS[language] ?? WORDS[languageOf(language)];
    return { ...words, title: this.#options.title ?? words.title };
  }

  async #load(): Promise<void> {
    const round = ++this.#round;
    const token = await this.#token(round);
    await this.#left;
    if (round !== this.#round) return;
    const address = new URL(this.#address);
    const { zone } = this.#options;
    if (this.#language) address.searchParams.set("lang", this.#language);
    if (this.#theme !== "auto") address.searchParams.set("theme", this.#theme);
    if (zone) address.searchParams.set("zone", zone);
    // Without a value: the token follows in a message, and never is in an address.
    if (token) address.hash = "token=";
    this.#fetched = token;
    this.#frame = this.#view.load(address.href);
  }

  /** Fetch a token, as often as it takes. */
  async #token(round: number): Promise<string | null> {
    const { getToken } = this.#options;
    if (!getToken) return null;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await getToken();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (round !== this.#round) return null;
      }
    }
  }

  async #handOver(): Promise<void> {
    const round = this.#round;
    const token = this.#fetched ?? (await this.#token(round));
    this.#fetched = null;
    if (token && round === this.#round) this.#post({ type: "privacydesk:token", token });
  }

  async #challenge(siteKey: string): Promise<void> {
    const token = await this.#options.onChallenge?.(siteKey);
    if (token) this.#post({ type: "privacydesk:challenge-token", token });
  }

  #hear({ origin, source, data }: MessageEvent<unknown>): void {
    const frame = this.#frame?.contentWindow;
    if (!frame || source !== frame || origin !== this.#address.origin) return;
    if (typeof data !== "object" || data === null || !("type" in data)) return;
    if (data.type === "privacydesk:token-needed") void this.#handOver();
    if (data.type === "privacydesk:unread" && "count" in data) this.#count(Number(data.count));
    if (data.type === "privacydesk:challenge" && "site_key" in data) {
      void this.#challenge(String(data.site_key));
    }
  }

  #count(unread: number): void {
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#options.onUnread?.(unread);
  }

  #post(message: object): void {
    this.#frame?.contentWindow?.postMessage(message, this.#address.origin);
  }
}

/** Where the chat is shown. */
abstract class View {
  #frame: HTMLIFrameElement | null = null;
  #title = "";

  /** Name the chat, in the language of the page. */
  speak({ title }: Words): void {
    this.#title = title;
    if (this.#frame) this.#frame.title = title;
  }

  /** Load the chat, in a frame of its own: nothing of an earlier one is left. */
  load(address: string): HTMLIFrameElement {
    const frame = document.createElement("iframe");
    frame.title = this.#title;
    frame.src = address;
    // Through the object model, which no content security policy forbids.
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%" });
    this.#frame?.remove();
    this.#frame = frame;
    this.add(frame);
    return frame;
  }

  /** Show nothing of the chat that is loaded. */
  hide(): void {
    if (this.#frame) this.#frame.style.display = "none";
  }

  abstract add(frame: HTMLIFrameElement): void;
  abstract show(isOpen: boolean): void;
  abstract setTheme(theme: Theme): void;

  remove(): void {
    this.#frame?.remove();
  }
}

/** The chat inside an element of the page, which it fills. */
class Inline extends View {
  readonly #place = document.createElement("div");

  constructor(container: HTMLElement) {
    super();
    this.#place.style.height = "100%";
    container.append(this.#place);
  }

  add(frame: HTMLIFrameElement): void {
    this.#place.append(frame);
  }

  show(isOpen: boolean): void {
    this.#place.style.display = isOpen ? "" : "none";
  }

  setTheme(): void {
    // All that is seen is the frame's.
  }

  override remove(): void {
    this.#place.remove();
  }
}

/** A panel over the page, on small screens all over it, with a button that closes it. */
class Panel extends View {
  readonly #host = document.createElement("div");
  readonly #section = document.createElement("section");
  readonly #name = document.createElement("span");
  readonly #button = document.createElement("button");
  #before: HTMLElement | null = null;

  constructor(close: () => void) {
    super();
    const root = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const header = document.createElement("header");
    this.#button.type = "button";
    this.#button.textContent = "×";
    this.#button.addEventListener("click", close);
    header.append(this.#name, this.#button);
    this.#section.setAttribute("role", "dialog");
    this.#section.hidden = true;
    this.#section.addEventListener("keydown", ({ key }) => key === "Escape" && close());
    this.#section.append(header);
    root.append(this.#section);
    document.body.append(this.#host);
  }

  override speak(words: Words): void {
    super.speak(words);
    this.#name.textContent = words.title;
    this.#section.setAttribute("aria-label", words.title);
    this.#button.title = words.close;
    this.#button.setAttribute("aria-label", words.close);
  }

  add(frame: HTMLIFrameElement): void {
    this.#section.append(frame);
  }

  show(isOpen: boolean): void {
    this.#section.hidden = !isOpen;
    if (isOpen) {
      this.#before = document.activeElement as HTMLElement | null;
      this.#button.focus();
    } else {
      this.#before?.focus();
    }
  }

  setTheme(theme: Theme): void {
    this.#host.dataset["theme"] = theme;
  }

  override remove(): void {
    this.#host.remove();
  }
}

function languageOf(tag: string): Language {
  if (!/^zh\b/i.test(tag)) return "en";
  return /hant|-(hk|mo|tw)\b/i.test(tag) ? "zh-Hant" : "zh-Hans";
}
