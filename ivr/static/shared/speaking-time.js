// How long a text lasts when it is spoken; the server counts in the same way.
const WORD = /\p{L}+(?:['\u2019-]\p{L}+)*/gu;
const DIGIT = /\p{Nd}/gu;

/** What is spoken of a text: its words, and its digits, each of which is a word of its own. */
export const spokenUnits = (text) => ({ words: text.match(WORD) ?? [], digits: text.match(DIGIT) ?? [] });

/** How many seconds so many words last. */
export const speakingSeconds = (wordCount, wordsPerMinute) => (wordCount * 60) / wordsPerMinute;
