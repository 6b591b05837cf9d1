// Times as people read them.
const [SECOND, MINUTE, HOUR, DAY] = [1, 60, 3600, 86400].map((seconds) => seconds * 1000);

/** Seconds as minutes and seconds, such as 1:05; parts of a second and what is negative are left out. */
export const formatClock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

/** A duration in milliseconds in the words of `length` in ivr/console/queue.py, such as 2 h 5 min. */
export const formatDuration = (milliseconds) => {
  const elapsed = Math.max(milliseconds, 0);
  const [seconds, minutes, hours, days] = [SECOND, MINUTE, HOUR, DAY].map((unit) => Math.floor(elapsed / unit));
  if (minutes < 1) return `${seconds} s`;
  if (minutes < 10) return `${minutes} min ${seconds % 60} s`;
  if (hours < 1) return `${minutes} min`;
  if (days < 1) return `${hours} h ${minutes % 60} min`;
  return `${days} ${days === 1 ? "day" : "days"} ${hours % 24} h`;
};
