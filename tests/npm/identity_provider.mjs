// Runs oidc-provider for the desk's tests. The issuer's port and the desk's address are arguments;
// each line on standard input names a person to switch off: {"revoke": SUBJECT}. Each answer is a
// line of JSON.
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const [port, desk] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const grants = new Map();
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "privacy-desk",
      client_secret: "a secret: of the desk/its own",
      redirect_uris: ["https://desk.example.com/console/sign-on/callback"],
      post_logout_redirect_uris: ["https://desk.example.com/console/sign-in"],
      grant_types: ["authorization_code", "refresh_token"],
      backchannel_logout_uri: `${desk}/console/sign-on/logout`,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ["sub", "groups"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["of these tests alone"] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // Its own way refuses addresses of this machine, where the desk of a test stands.
  fetch: (url, { method, headers, body }) => fetch(url, { method, headers, body }),
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, groups: [`group-of-${id}`], preferred_username: id }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 300, IdToken: 300, RefreshToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
});

// The only page: signs in whom the query names, and consents.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  const accountId = details.session?.accountId ?? ctx.get("x-person");
  let grant = details.grantId && (await provider.Grant.find(details.grantId));
  if (!grant) {
    grant = new provider.Grant({ accountId, clientId: details.params.client_id });
    grant.addOIDCScope(details.params.scope);
  }
  const grantId = await grant.save();
  grants.set(accountId, [...(grants.get(accountId) ?? []), grantId]);
  const result = { login: { accountId, remember: true }, consent: { grantId } };
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { revoke } = JSON.parse(line);
  for (const id of grants.get(revoke) ?? []) {
    await Promise.all([
      provider.RefreshToken.adapter.revokeByGrantId(id),
      provider.AccessToken.adapter.revokeByGrantId(id),
    ]);
    const grant = await provider.Grant.find(id);
    if (grant) await grant.destroy();
  }
  console.log(JSON.stringify({ revoked: revoke }));
});

provider.listen(Number(port), "127.0.0.1", () => console.log(JSON.stringify({ issuer })));
