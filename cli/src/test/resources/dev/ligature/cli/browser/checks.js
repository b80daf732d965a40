// What must hold of the texts of any page.

function rgb(color) {
  const parts = color.match(/[\d.]+/g).map(Number);
  return { red: parts[0], green: parts[1], blue: parts[2], alpha: parts[3] ?? 1 };
}

function luminance(color) {
  const [r, g, b] = [color.red, color.green, color.blue].map(value => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function background(element, view) {
  for (let at = element; at; at = at.parentElement) {
    const color = rgb(view.getComputedStyle(at).backgroundColor);
    if (color.alpha === 1) {
      return color;
    }
  }
  return rgb("rgb(255, 255, 255)");
}

function hasText(element) {
  return [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
}

/** Says which texts cannot be read or stick out; returns how many were looked at. */
function checkTexts(view, width, say) {
  const document = view.document;
  let places = 0;
  if (document.documentElement.scrollWidth > width) {
    say(`is ${document.documentElement.scrollWidth} wide`);
  }
  const dark = luminance(rgb(view.getComputedStyle(document.body).backgroundColor)) < 0.2;
  if (dark !== view.matchMedia("(prefers-color-scheme: dark)").matches) {
    say("has not the colours that are asked for");
  }
  for (const element of document.body.querySelectorAll("*")) {
    const style = view.getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (!hasText(element) || !box.width || ["title", "desc"].includes(element.localName)) {
      continue;
    }
    places++;
    const svg = element.localName === "text";
    const ratio = contrast(rgb(svg ? style.fill : style.color), background(element, view));
    if (ratio < 4.5) {
      say(`"${element.textContent}" has a contrast of ${ratio.toFixed(2)}`);
    }
    if (parseFloat(style.fontSize) < 12) {
      say(`"${element.textContent}" has a size of ${style.fontSize}`);
    }
    if (!element.closest(".wide, pre") && (box.left < 0 || box.right > width + 0.5)) {
      say(`"${element.textContent}" is from ${box.left} to ${box.right}`);
    }
  }
  return places;
}
