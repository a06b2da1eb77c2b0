// A web page with the chat, with each option and method of the package; it is compiled, not run:
// tests/browser/test_embed.py has them work.

import { type Chat, type ChatOptions, type Theme, createChat } from "@privacydesk/client/embed";

declare const session: { token(): Promise<string | null>; isDark: boolean };
declare const captcha: { solve(siteKey: string): Promise<string> };
declare const badge: HTMLElement;

const theme: Theme = session.isDark ? "dark" : "auto";
const options: Required<ChatOptions> = {
  url: "https://desk.example.com",
  getToken: () => session.token(),
  container: badge,
  language: "zh-Hant",
  theme,
  zone: "Asia/Hong_Kong",
  title: "隱私服務",
  preload: true,
  onUnread: (count) => (badge.textContent = count.toString()),
  onToggle: (isOpen) => (badge.hidden = isOpen),
  onChallenge: (siteKey) => captcha.solve(siteKey),
};
const chat: Chat = createChat(options);
createChat({ url: options.url }).destroy();
chat.open();
chat.close();
chat.toggle();
chat.setLanguage("en");
chat.setTheme("light");
chat.renew();
await chat.logout();
const state: [boolean, number] = [chat.isOpen, chat.unread];
// @ts-expect-error the desk's address is needed
createChat({ language: "en" });
// @ts-expect-error there is no such language
chat.setLanguage("fr");
export { state };
