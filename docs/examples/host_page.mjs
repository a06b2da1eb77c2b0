// A web page with the chat in a panel, and its backend, which signs tokens.
//
//     npm install …/privacydesk-client-0.1.0.tgz     (made by `sh scripts/clients typescript`)
//     DESK_URL=http://127.0.0.1:8080 PORT=9003 node host_page.mjs
//
// The desk must allow the page: PRIVACYDESK_HOST_ORIGIN=http://127.0.0.1:9003 and
// PRIVACYDESK_FRAME_ANCESTORS="'self' http://127.0.0.1:9003".

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { AppTokenSigner } from "@privacydesk/client";

const { DESK_URL = "http://127.0.0.1:8080", PORT = "9003", APP_TOKEN_KEY = "app-token-key.json" } = process.env;
const signer = await AppTokenSigner.fromJwk(await readFile(APP_TOKEN_KEY, "utf8"));
// Your bundler does this.
const embed = await readFile(new URL(import.meta.resolve("@privacydesk/client/embed")));

// The account of all visitors. Yours takes it from the session.
const LOGGED_IN = "u-1001";

const page = `<!doctype html>
<html lang="zh-Hans">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>App</title>
<button id="help">隐私服务 <span id="unread"></span></button>
<select id="language" aria-label="语言">
  <option value="zh-Hans">简体中文</option>
  <option value="zh-Hant">繁體中文</option>
  <option value="en">English</option>
</select>
<label><input type="checkbox" id="dark"> 深色</label>
<button id="log-out">退出登录</button>
<script type="module">
  import { createChat } from "/embed.js";

  const byId = (id) => document.getElementById(id);
  const chat = createChat({
    url: "${DESK_URL}",
    language: "zh-Hans",
    async getToken() {
      const answer = await fetch("/desk-token", { method: "POST" });
      if (answer.status === 401) return null; // nobody is logged in
      if (!answer.ok) throw new Error("no token now");
      return (await answer.json()).token;
    },
    onUnread: (count) => (byId("unread").textContent = count || ""),
  });
  byId("help").onclick = () => chat.toggle();
  byId("language").onchange = ({ target }) => chat.setLanguage(target.value);
  byId("dark").onchange = ({ target }) => chat.setTheme(target.checked ? "dark" : "light");
  byId("log-out").onclick = () => chat.logout();
</script>
</html>
`;

async function answer({ method, url }) {
  if (method === "GET" && url === "/") return ["text/html; charset=utf-8", page];
  if (method === "GET" && url === "/embed.js") return ["text/javascript", embed];
  if (method === "POST" && url === "/desk-token") {
    return ["application/json", JSON.stringify({ token: await signer.sign({ account: LOGGED_IN }) })];
  }
  return null;
}

createServer(async (request, response) => {
  const found = await answer(request);
  if (!found) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": found[0], "Cache-Control": "no-store" }).end(found[1]);
}).listen(Number(PORT), "127.0.0.1");
