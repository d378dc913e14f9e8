// Reads a JSON list of TraceQL queries, and writes where each has a syntax error by Grafana's own
// grammar: a list of lists of positions. Its packages are in the directory that is its argument.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { parser } = require("@grafana/lezer-traceql");

function errors(query) {
  const found = [];
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError) found.push(node.from);
    },
  });
  return found;
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(errors)));
