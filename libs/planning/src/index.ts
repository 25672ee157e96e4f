export { parsePlan, parsePlanLoose } from "./language/parse-plan.ts";
export { formatPlan } from "./language/format-plan.ts";
export { planJsonSchema } from "./language/plan-schema.ts";
export { parseVerdict } from "./language/verdict.ts";
export { literalWords } from "./language/fact-words.ts";
export { buildPlanPrompt, buildVerifyPrompt } from "./prompts.ts";
export { INSTRUCTION_FORMS, parseInstruction } from "./instruction.ts";
export { searchInOrder } from "./search/search-in-order.ts";
export { searchPlan, solveGoal } from "./search/search-plan.ts";
export { domainPddl, problemPddl } from "./pddl.ts";
export { PlannerAgent } from "./planner-agent.ts";
export { backends } from "./backends/index.ts";
export { EmbeddedBackend } from "./backends/embedded.ts";
export { OpenAiBackend } from "./backends/openai.ts";
export { RandomBackend } from "./backends/random.ts";
export { SymbolicBackend } from "./backends/symbolic.ts";
export { TRANSFORMERS_DTYPES, TransformersBackend } from "./backends/transformers.ts";
export { squareImage, viewsOf } from "./embedded/images.ts";
export { EMBEDDED_FILES, EMBEDDED_FORMAT, parseManifest } from "./embedded/manifest.ts";
export { planGrammar } from "./embedded/plan-grammar.ts";
export {
  EMBEDDED_IMAGE,
  EMBEDDED_VIEWS,
  embeddedCompletionTokens,
  embeddedPlanPrompt,
  embeddedPromptTokens,
  embeddedVerifyPrompt,
} from "./embedded/prompt.ts";
export { FIRST_PAIR, LARGEST_VOCABULARY, LONGEST_TOKEN, pieceBytes, SPECIAL_TOKENS, textPieces, Tokenizer } from "./embedded/tokenizer.ts";

export type {
  CallUsage,
  Completion,
  GenerateRequest,
  PictureSize,
  Planner,
  PlannerBackend,
  PlanRequest,
  PrivilegedState,
  VerifyRequest,
} from "./planner.ts";
export type { PlanIssue } from "./language/issues.ts";
export type { LooseOptions, ParsedPlan, PlanVocabulary } from "./language/parse-plan.ts";
export type { JsonSchema } from "./language/plan-schema.ts";
export type { Verdict } from "./language/verdict.ts";
export type { AnswerForm, Prompt } from "./prompts.ts";
export type { Understanding } from "./instruction.ts";
export type { OrderedProblem } from "./search/search-in-order.ts";
export type { SearchOptions, SearchResult } from "./search/search-plan.ts";
export type { SearchProblem } from "./search/ground.ts";
export type { BackendDefinition, BackendOptions } from "./backends/index.ts";
export type { EncodedImage, EncodeImage, OpenAiOptions } from "./backends/openai.ts";
export type { EmbeddedOptions } from "./backends/embedded.ts";
export type {
  ChatAnswer,
  ChatAnswerOptions,
  ChatModel,
  ChatQuestion,
  TransformersDtype,
  TransformersOptions,
} from "./backends/transformers.ts";
export type { Answerer, AnswerOptions, EmbeddedAnswer, EmbeddedQuestion } from "./embedded/answerer.ts";
export type { EmbeddedFile, EmbeddedManifest } from "./embedded/manifest.ts";
export type { PlanGrammarOptions, PlanGrammarState } from "./embedded/plan-grammar.ts";
export type { EmbeddedKind } from "./embedded/prompt.ts";
export type { TokenizerFile } from "./embedded/tokenizer.ts";
