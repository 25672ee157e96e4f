import { it } from "vitest";
import { proveRewards, proofCases } from "./prove.ts";
it("x", () => {
  const rows = process.env["ROWS"]?.split(",");
  let t = Date.now();
  proveRewards({
    ...(rows ? { rows } : {}),
    onProgress: (r) => {
      console.log(
        r.row,
        "without",
        r.without.toFixed(3),
        "with",
        r.with.toFixed(3),
        "diff",
        r.difference.toFixed(3),
        r.reached,
        `${Date.now() - t}ms`,
      );
      t = Date.now();
    },
  });
  if (process.env["PER"])
    for (const c of proofCases)
      if (!rows || rows.includes(c.row)) for (let s = 1; s <= 5; s++) console.log(c.row, s, c.without(s), c.withDevice(s));
}, 600000);
