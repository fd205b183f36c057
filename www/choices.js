// The scenarios as groups of radio buttons.

import { element } from "./elements.js";

export function listScenarios(place, groups) {
  place.append(...groups.map(group));
  place.querySelector("input").checked = true;
}

function group({ legend, scenarios }) {
  return element("fieldset", "group", element("legend", "", legend), ...scenarios.map(choice));
}

function choice({ id, title, what }) {
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "scenario", value: id });
  // The space keeps title and sentence apart in the accessible name.
  return element("label", "", radio, element("strong", "", title), " ", element("span", "what", what));
}
