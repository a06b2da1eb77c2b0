// Prints what Spectral's rulesets and the AsyncAPI parser say of openapi.json and asyncapi.json,
// one line a finding; the folder that has them is the only argument.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import parser from "@asyncapi/parser";
import core from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import rulesets from "@stoplight/spectral-rulesets";

const folder = process.argv[2];
const read = (name) => readFileSync(join(folder, name), "utf-8");

async function lint(name, ruleset) {
  const spectral = new core.Spectral();
  spectral.setRuleset(ruleset);
  return spectral.run(new core.Document(read(name), parsers.Json, name));
}

const off = (...names) => Object.fromEntries(names.map((name) => [name, "off"]));
const openapi = {
  extends: [[rulesets.oas, "all"]],
  // Operators are the contact. SPDX's identifier stands for an address of the license, and tags
  // are in the order of use.
  rules: off("contact-properties", "info-contact", "license-url", "openapi-tags-alphabetical"),
};
const asyncapi = {
  extends: [[rulesets.asyncapi, "all"]],
  // More tools read 3.0 than 3.1.
  rules: off("asyncapi-latest-version", "asyncapi-info-contact", "asyncapi-info-contact-properties"),
};
// The parser's hints are those of the rules that are off.
const WARNING = 1;
const parsed = await new parser.Parser().validate(read("asyncapi.json"));
const found = {
  "openapi.json": await lint("openapi.json", openapi),
  "asyncapi.json": [
    ...(await lint("asyncapi.json", asyncapi)),
    ...parsed.filter((one) => one.severity <= WARNING),
  ],
};
const lines = Object.entries(found).flatMap(([name, findings]) =>
  findings.map((one) => `${name}: ${one.code} ${one.path.join(".")}: ${one.message}`));
process.stdout.write(JSON.stringify(lines));
