export { parsePlan, parsePlanLoose } from "./language/parse-plan.ts";
export { formatPlan } from "./language/format-plan.ts";
export { planJsonSchema } from "./language/plan-schema.ts";
export { parseVerdict } from "./language/verdict.ts";
