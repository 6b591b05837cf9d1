"""What is wrong with how a page looks, as a browser measures it: text that is cut off, and targets too small to touch."""

SEEN = """
const isSeen = (one) => {
  if (!one.checkVisibility({ checkOpacity: true, visibilityProperty: true })) return false;
  const { width, height } = one.getBoundingClientRect();
  if (width <= 1 || height <= 1 || one.closest("[aria-hidden=true], .skip")) return false;
  for (let each = one; each; each = each.parentElement) {
    if (getComputedStyle(each).clipPath.startsWith("inset(50%")) return false;  // for screen readers alone
  }
  return true;
};
const named = (one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 140);
"""

CLIPPED = f"""() => {{
{SEEN}
const HIDES = new Set(["hidden", "clip"]);
const canvas = document.createElement("canvas").getContext("2d");
const widthOf = (one, words) => {{
  const style = getComputedStyle(one);
  canvas.font = `${{style.fontWeight}} ${{style.fontSize}} ${{style.fontFamily}}`;
  return canvas.measureText(words).width;
}};
const room = (one) => {{
  const style = getComputedStyle(one);
  return one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}};
const ARROW = 16;  // what a list's own arrow takes
const found = [];
for (const one of document.body.querySelectorAll("*")) {{
  if (!isSeen(one) || one.closest("svg")) continue;
  const style = getComputedStyle(one);
  const isField = one.matches("input, textarea, select");
  if (!isField && HIDES.has(style.overflowX) && one.scrollWidth > one.clientWidth + 1) found.push(`across: ${{named(one)}}`);
  if (!isField && HIDES.has(style.overflowY) && one.scrollHeight > one.clientHeight + 2) found.push(`down: ${{named(one)}}`);
  if (one.matches("select")) {{
    const words = one.selectedOptions[0]?.text ?? "";
    if (widthOf(one, words) > room(one) - ARROW + 1) found.push(`list: ${{words}}: ${{named(one)}}`);
  }}
  if (one.placeholder && !one.value && widthOf(one, one.placeholder) > room(one) + 1) found.push(`field: ${{named(one)}}`);
}}
return found;
}}"""
"""Elements whose words are cut off: hidden overflow, and fields that are narrower than what stands in them."""

SMALL = f"""most => {{
{SEEN}
const isInline = (link) => {{
  const block = link.closest("p, li, dd, dt, td, th, caption, label, figcaption") ?? link.parentElement;
  const rest = block.cloneNode(true);
  rest.querySelectorAll("a, button, .badge, .visually-hidden").forEach((one) => one.remove());
  return /\\p{{L}}/u.test(rest.textContent);
}};
const boxOf = (one) => {{
  const whole = one.matches(".open") ? one.closest("tr") : one.matches("input[type=checkbox], input[type=radio]") ? one.closest("label") ?? one : one;
  return whole.getBoundingClientRect();
}};
const found = [];
const wanted = "a[href], button, select, input:not([type=hidden], .wave input), textarea, summary, [role=button]";
for (const one of document.querySelectorAll(wanted)) {{
  if (!isSeen(one) || (one.matches("a:not(.button, nav a)") && isInline(one))) continue;
  const {{ width, height }} = boxOf(one);
  if (height < most - 0.5 || width < most - 0.5) found.push(`${{Math.round(width)}} x ${{Math.round(height)}}: ${{named(one)}}`);
}}
return found;
}}"""
"""What is to be touched and is smaller than `most` pixels each way. Links within a sentence are as high as its line."""

SCROLLS = f"""() => {{
{SEEN}
return [...document.querySelectorAll(".table:not(.picture)")]
  .filter((one) => isSeen(one) && one.scrollWidth > one.clientWidth + 1)
  .map((one) => named(one.querySelector("caption") ?? one));
}}"""
"""Tables that have to be moved sideways to be read; pictures may have to."""

BEYOND = f"""() => {{
{SEEN}
return [...document.body.querySelectorAll("*")]
  .filter((one) => isSeen(one) && one.getBoundingClientRect().right > innerWidth + 1).map(named).slice(0, 3);
}}"""
"""The first elements that reach beyond the right edge of the window."""
