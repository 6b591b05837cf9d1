// While a script is typed: about how long it lasts, and how easy it is to understand (Flesch-Kincaid grade level).
import { announce, byId } from "../shared/dom.js";
import { speakingSeconds, spokenUnits } from "../shared/speaking-time.js";

const HARDEST_GRADE = 6;
const SILENT_ENDING = /(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$/;
const SENTENCE_END = /[.!?]+/g;

const countSyllables = (word, oneSyllableWords) =>
  oneSyllableWords.has(word) ? 1 : Math.max(1, word.replace(SILENT_ENDING, "").match(/[aeiouy]+/g)?.length ?? 1);

const readingGrade = (text, { words, digits }, oneSyllableWords) => {
  const count = words.length + digits.length;
  const sentences = Math.max(1, text.match(SENTENCE_END)?.length ?? 0);
  const syllables = words.reduce((sum, word) => sum + countSyllables(word, oneSyllableWords), digits.length);
  return Math.max(0, 0.39 * (count / sentences) + 11.8 * (syllables / count) - 15.59);
};

const announceEstimate = (field) => {
  const region = byId("words-told");
  const text = field.value.toLowerCase();
  const units = spokenUnits(text);
  const count = units.words.length + units.digits.length;
  if (!count) {
    region.textContent = "";
    return;
  }
  const longest = Number(field.dataset.mostSeconds);
  const seconds = speakingSeconds(count, Number(field.dataset.wordsAMinute));
  const grade = readingGrade(text, units, new Set((field.dataset.knownWords ?? "").split(" ")));
  const isEnglish = field.lang.startsWith("en"); // the formula is for no other language
  const [isTooLong, isTooHard] = [seconds > longest, isEnglish && grade > HARDEST_GRADE];
  const parts = [`About ${seconds.toFixed(1)} seconds${isTooLong ? `: too long, ${longest} are the most` : ""}.`];
  if (isEnglish) {
    const advice = isTooHard ? ", use shorter sentences or plainer words" : "";
    parts.push(`Reading level: grade ${Math.round(grade)}${advice}.`);
  }
  announce(region, parts.join(" "), isTooLong || isTooHard);
};

/** Estimate the page's script now and whenever it changes. */
export const estimateScript = () => {
  const field = byId("words");
  if (!field) return;
  field.addEventListener("input", () => announceEstimate(field));
  announceEstimate(field);
};
