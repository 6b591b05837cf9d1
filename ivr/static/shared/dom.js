// Elements of a page: finding, making and filling them.
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/** The element with this id, or null. */
export const byId = (id) => document.getElementById(id);

/** A new element of HTML with attributes, and children that are elements or text. */
export const createElement = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** A new element of SVG with attributes, and children that are elements or text. */
export const createSvgElement = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);

/** Put text into an element unless it is there already: a live region that is written again is read out again. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/** Announce a message in a live region, and mark it when it is an error. */
export const announce = (region, message, isError = false) => {
  setText(region, message);
  region.classList.toggle("error", isError);
};
