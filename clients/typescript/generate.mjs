// Makes src/schema.ts and src/frames.ts of the desk's descriptions, as `privacydesk schemas` prints
// them: node generate.mjs openapi.json asyncapi.json

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const [api, chat] = await Promise.all(
  process.argv.slice(2).map(async (file) => JSON.parse(await readFile(file, "utf8"))),
);

/** Write the types of a document's schemas, and more lines below them. */
async function write(name, document, more = "") {
  const syntax = await openapiTS(document, {
    // What has a default may be left out of a request; answers say themselves what they always have.
    defaultNonNullable: false,
    immutable: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
  });
  const origin = "/** Generated from the desk's descriptions for programs. */\n\n";
  await writeFile(new URL(`src/${name}.ts`, import.meta.url), origin + astToString(syntax) + more);
}

// Errors are the same everywhere, a `Problem`, and headers are the client's business: without them
// types take a fifth of the room, and of the compiler's time.
for (const methods of Object.values(api.paths)) {
  for (const operation of Object.values(methods)) {
    operation.responses = Object.fromEntries(
      Object.entries(operation.responses)
        .filter(([status]) => status.startsWith("2"))
        .map(([status, { headers, ...response }]) => [status, response]),
    );
  }
}
await write("schema", api);

const unions = [["ClientFrame", "receiveFrame"], ["ServerFrame", "sendFrame"]].map(
  ([name, operation]) => {
    const { description, messages } = chat.operations[operation];
    const frames = messages.map(({ $ref }) => $ref.split("/").at(-1));
    return `\n/** ${description} */\nexport type ${name} =\n  | ${frames.join("\n  | ")};\n`;
  },
);
const { schemas } = chat.components;
const frames = { openapi: "3.1.0", info: chat.info, paths: {}, components: { schemas } };
await write("frames", frames, unions.join(""));
