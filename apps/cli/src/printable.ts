const UNPRINTABLE = /[\p{Cc}\p{Cf}]/gu;

/**
 * Text for a terminal. Control and format characters other than line ends, which could move the cursor, recolour, hide or
 * reorder what is shown, become U+FFFD: names and messages may come from a planner or server that nobody vouches for.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => (character === "\n" ? character : "\uFFFD"));
}

/** The same JSON document without such characters: they occur in strings only, and are escaped there. */
export function printableJson(document: string): string {
  return document.replaceAll(UNPRINTABLE, (character) =>
    character === "\n"
      ? character
      : Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}
