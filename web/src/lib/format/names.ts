/**
 * Names that somebody else chose (a machine, a mount, a label, a person), made fit to be looked at: what cannot
 * be seen, or would move what stands beside it, is spelled out as `⟨U+202E⟩`. Only for showing: forms and
 * requests keep the name as it is. `<bdi>` alone would not do: a PDI in the name ends its isolation, and titles,
 * labels and messages have no elements.
 */

// Letters and digits of ASCII first: nearly every name is that.
const PLAIN = /^[\u0021-\u007e](?:[\u0020-\u007e]*[\u0021-\u007e])?$/;
/** Controls, embeddings, overrides, isolates, separators of lines, tags' neighbours, and fillers that take no room. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u115f\u1160\u180e\u200b\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\p{Surrogate}/gu;
/** What joins or directs letters of a name that is seen; a name of nothing else is not. */
const SPACE_OR_JOINER = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** What joins letters or emoji joins nothing beside a letter of ASCII or an end: there it only makes two names look as one. */
const IDLE_JOINER =
  /(?<![^\u0000-\u007f\u200b-\u200d\u2060])[\u200c\u200d]|[\u200c\u200d](?![^\u0000-\u007f\u200b-\u200d\u2060])/gu;
/** No script stacks more marks on one letter; what does hides the lines above and below. */
const TOWER = /(\p{M}{6})(\p{M}+)/gu;
/** Of the scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const spell = (character: string): string =>
  `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`;

/** A name as it is shown, for an element of its own (`<bdi>`). Line breaks and tabs stay. */
export function showName(name: string): string {
  if (PLAIN.test(name)) return name;
  const isSeen = name.replace(SPACE_OR_JOINER, '') !== '';
  if (!isSeen) return name.replace(SPACE_OR_JOINER, spell);
  return name
    .replace(IDLE_JOINER, spell)
    .replace(UNSEEN, spell)
    .replace(TOWER, (_, kept: string, more: string) => `${kept}⟨+${[...more].length}⟩`);
}

/** A name as a part of a sentence, a title or a label: words around it keep their places. */
export function nameInText(name: string): string {
  const shown = showName(name);
  return RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** The first letter, for the round picture of a person. */
export function firstLetter(name: string): string {
  for (const { segment } of new Intl.Segmenter().segment(showName(name))) return segment;
  return '';
}
