// Adds up the JSON reports that vitest left in a folder: prints "passed failed skipped". A file that could not be
// loaded holds no failed test and counts as one.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
let passed = 0;
let failed = 0;
let skipped = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  const report = JSON.parse(readFileSync(join(folder, name), "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) {
    const told = file.assertionResults.some((test) => test.status === "failed");
    if (file.status === "failed" && !told) failed++;
  }
}
process.stdout.write(`${passed} ${failed} ${skipped}\n`);
