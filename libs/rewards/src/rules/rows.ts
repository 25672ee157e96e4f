import type { RewardRow } from "../core/rows.ts";

/** Methods that put into words what a reward pays for. */
export const rulesRows: readonly RewardRow[] = [
  {
    id: "auto-rule",
    paper: "AutoRule: Reasoning Chain-of-thought Extracted Rule-based Rewards",
    year: 2025,
    url: "https://arxiv.org/abs/2506.15651",
    role: "rules",
    exports: [
      "extractRules",
      "mergeRules",
      "compileRule",
      "compileRules",
      "ruleChecklist",
      "ruleAgreement",
      "agreeingRules",
      "orderRuleProposer",
      "judgeRuleProposer",
    ],
    evidence: "our choice",
    note: "Rules out of preference pairs, merged, then scored as the share kept, are the paper's. Compiling rules to code, merging by common words, ordering by support and the proposer without a model are our choice; the paper uses a model for each.",
    tests: ["src/rules/mine.test.ts", "src/rules/compile.test.ts", "src/rules/ask.test.ts", "src/vectors.test.ts"],
    status: "here",
  },
  {
    id: "unwritten-code",
    paper: "Language Models Surface the Unwritten Code of Science and Society",
    year: 2025,
    url: "https://arxiv.org/abs/2505.18942",
    role: "diagnostic",
    exports: ["residualHypothesisSearch", "confidenceVote", "decisivePairs", "compiledRuleVote", "judgeRuleVote"],
    evidence: "verified",
    note: "The search over unexplained pairs, votes by confidence, prior and posterior, and the numbers 50, 5, 3 and 5 % are the paper's (section 3). The limit on rounds and the test of duplicates by words are our choice.",
    tests: ["src/rules/residual.test.ts", "src/rules/ask.test.ts", "src/vectors.test.ts"],
    status: "here",
  },
];
