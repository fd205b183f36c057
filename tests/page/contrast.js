// Contrast as WCAG 2 defines it, from the computed styles of every text that is to be seen.

/** What its level AA asks of texts of any size. */
export const AA = 4.5;

/** Runs in the page: each visible text's colour on the first solid background below it. */
export function textsWithPoorContrast(least) {
  const channels = (colour) => {
    const match = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(colour);
    if (!match) throw new Error(`a colour that this test cannot read: ${colour}`);
    return match.slice(1).map((part) => (part === undefined ? 1 : Number(part)));
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const [r, g, b, alpha] = channels(getComputedStyle(node).backgroundColor);
      if (alpha === 1) return [r, g, b];
      if (alpha > 0) throw new Error("text on a translucent background");
    }
    return [255, 255, 255];
  };
  const poor = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ visibilityProperty: true }) || element.tagName === "NOSCRIPT") continue;
    seen += 1;
    const [lighter, darker] = [luminance(channels(getComputedStyle(element).color).slice(0, 3)), luminance(background(element))].sort(
      (a, b) => b - a,
    );
    const ratio = (lighter + 0.05) / (darker + 0.05);
    if (ratio < least) poor.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return { seen, poor };
}
