// Makes src/schema.ts of the desk's OpenAPI document, which it reads from standard input.

import { writeFile } from "node:fs/promises";
import { json } from "node:stream/consumers";
import openapiTS, { astToString } from "openapi-typescript";

const document = await json(process.stdin);
// Errors are the same everywhere, a `Problem`, and headers are the client's business: without them
// types take a fifth of the room, and of the compiler's time.
for (const methods of Object.values(document.paths)) {
  for (const operation of Object.values(methods)) {
    operation.responses = Object.fromEntries(
      Object.entries(operation.responses)
        .filter(([status]) => status.startsWith("2"))
        .map(([status, { headers, ...response }]) => [status, response]),
    );
  }
}
const syntax = await openapiTS(document, {
  // What has a default may be left out of a request; answers say themselves what they always have.
  defaultNonNullable: false,
  immutable: true,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
});
const origin = "/** Generated from the desk's OpenAPI document. */\n\n";
await writeFile(new URL("src/schema.ts", import.meta.url), origin + astToString(syntax));
