"use strict";
// Uses the reports below the folder given as a reader would; see `run`.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const work = path.resolve(process.argv[2]);
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "html-report-"));
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
args.push("--disable-background-networking", "--disable-component-update", "--disable-sync");

async function main() {
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    args,
    viewport: { width: 1360, height: 850 },
    colorScheme: "light",
  });
  const complaints = [];
  let requests = 0;
  browser.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  browser.on("weberror", (error) => complaints.push(`error: ${error.error()}`));
  browser.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  browser.on("request", (request) => {
    requests += 1;
    const own = request.url().startsWith(pathToFileURL(work) + "/") || request.url().startsWith("data:image/svg+xml,");
    if (!own) complaints.push(`request: ${request.url()}`);
  });
  browser.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
  const page = await browser.newPage();

  const pages = (report) => fs.readdirSync(path.join(work, report)).filter((name) => name.endsWith(".html"));
  const open = (report, name, hash = "") => page.goto(pathToFileURL(path.join(work, report, name)) + hash);
  const find = (report, part) => pages(report).find((name) => name.includes(part));
  const shot = (name, options = {}) => page.screenshot({ path: path.join(work, "shots", `${name}.png`), ...options });
  const cells = (column) => page.$$eval("tbody tr:not([hidden])", (rows, column) => rows.map((row) => row.cells[column].textContent), column);
  const forget = () => page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  let count = 0;
  async function check(title, body) {
    const before = complaints.length;
    try {
      await body();
      assert.deepEqual(complaints.slice(before), []);
      count += 1;
    } catch (error) {
      console.error(`failed: ${title} (${page.url()})`);
      await shot("failure");
      throw error;
    }
  }

  for (const report of ["sample", "hostile", "lines"]) {
    for (const name of pages(report)) {
      await check(`${report}/${name} opens`, async () => {
        await open(report, name);
        assert.equal(await page.evaluate(() => document.documentElement.className), "scripted");
        assert.equal(await page.locator("img, iframe, object, embed, svg[onload], [onerror]").count(), 0);
        assert.notEqual(await page.title(), "owned");
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `${wide} px wider than the window`);
        const targets = await page.$$eval("a[href]", (links) => links.map((link) => link.href));
        for (const target of new Set(targets.map((target) => target.split("#")[0]))) assert.ok(fs.existsSync(new URL(target)), target);
        const anchors = await page.$$eval("#lines a[href^='#']", (links) => links.filter((link) => !document.querySelector(link.hash)).length);
        assert.equal(anchors, 0);
        const colours = await contrast(page);
        assert.deepEqual(colours, []);
      });
    }
  }

  await check("columns sort and remember it", async () => {
    await open("sample", "index.html");
    await forget();
    await page.reload();
    await shot("index-light");
    const names = await cells(0);
    assert.deepEqual(names, [...names].sort());
    await page.click("#missing button");
    let missing = (await cells(3)).map(Number);
    assert.deepEqual(missing, [...missing].sort((a, b) => b - a));
    assert.equal(await page.getAttribute("#missing", "aria-sort"), "descending");
    await page.keyboard.press("m");
    missing = (await cells(3)).map(Number);
    assert.deepEqual(missing, [...missing].sort((a, b) => a - b));
    await page.reload();
    assert.deepEqual((await cells(3)).map(Number), missing);
    for (const [key, id, first] of [["s", "statements", "descending"], ["x", "excluded", "descending"], ["b", "branches", "descending"], ["p", "partial", "descending"], ["c", "coverage", "ascending"], ["f", "file", "ascending"]]) {
      await page.keyboard.press(key);
      assert.equal(await page.getAttribute(`#${id}`, "aria-sort"), first, key);
    }
    await page.keyboard.press("c");
    const shares = (await cells(8)).map(parseFloat);
    assert.deepEqual(shares, [...shares].sort((a, b) => a - b));
    await open("sample", "function_index.html");
    assert.equal(await page.getAttribute("#coverage", "aria-sort"), "ascending");
    await page.keyboard.press("n");
    const functions = (await cells(1)).map((name) => (name.startsWith("outside") ? "" : name.replace(/.*\./, "").replace(/^_+/, "")));
    const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    assert.deepEqual(functions, [...functions].sort(order.compare));
    await shot("functions-light");
    await forget();
  });

  await check("the filter narrows rows and totals", async () => {
    await open("sample", "index.html");
    const full = await page.$eval("tfoot tr", (row) => row.textContent);
    await page.keyboard.press("/");
    await page.keyboard.type("cart");
    assert.deepEqual(await cells(0), ["shop/cart.py"]);
    const cells8 = (selector) => page.$$eval(`${selector} td`, (list) => list.map((cell) => cell.textContent));
    assert.deepEqual(await cells8("tfoot tr"), await cells8("tbody tr:not([hidden])"));
    await page.fill("#filter", "shop !cart");
    assert.ok(!(await cells(0)).includes("shop/cart.py"));
    await page.fill("#filter", "no such file");
    assert.ok(await page.isVisible("#nothing"));
    await page.keyboard.press("Escape");
    assert.equal(await page.inputValue("#filter"), "");
    assert.equal(await page.$eval("tfoot tr", (row) => row.textContent), full);
  });

  await check("covered rows hide", async () => {
    const before = (await cells(0)).length;
    await page.check("#hide");
    const shown = await cells(8);
    assert.ok(shown.length < before && shown.every((share) => share !== "100.0%"));
    await page.reload();
    assert.deepEqual(await cells(8), shown);
    await page.keyboard.press("h");
    assert.equal((await cells(0)).length, before);
    await forget();
  });

  await check("keys lead through the report", async () => {
    await open("sample", "index.html");
    const at = () => decodeURIComponent(path.basename(new URL(page.url()).pathname));
    const press = async (key) => {
      await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
      return at();
    };
    const order = await page.$$eval("tbody th a", (links) => links.map((link) => decodeURIComponent(link.href.split("/").pop())));
    for (const name of order) assert.equal(await press("]"), name);
    assert.equal(await press("]"), "index.html");
    assert.equal(await press("["), order[order.length - 1]);
    assert.equal(await press("["), order[order.length - 2]);
    assert.equal(await press("u"), "index.html");
    await page.keyboard.press("?");
    assert.ok(await page.isVisible("#help"));
    await shot("help");
    await page.keyboard.press("?");
    assert.ok(!(await page.isVisible("#help")));
    await page.click(".helper");
    assert.ok(await page.isVisible("#help"));
    await page.keyboard.press("Escape");
    await open("sample", "class_index.html");
    assert.equal(await press("u"), "index.html");
    await page.focus("#filter");
    await page.keyboard.type("u?[");
    assert.equal(await page.inputValue("#filter"), "u?[");
    await forget();
  });

  const cart = find("sample", "cart_py");
  await check("lines are marked and toggled", async () => {
    await open("sample", cart);
    await page.reload();
    await shot("source-light");
    await shot("source-light-full", { fullPage: true });
    const back = (selector) => page.$eval(selector, (line) => getComputedStyle(line).backgroundColor);
    const symbol = (selector) => page.$eval(selector, (line) => getComputedStyle(line, "::before").content);
    const none = "rgba(0, 0, 0, 0)";
    for (const [mark, on] of [["r", false], ["m", true], ["x", true], ["p", true]]) {
      const line = `#lines > .${mark}:not(.k)`;
      assert.equal((await back(line)) !== none, on, mark);
      if (on) assert.match(await symbol(line), /[✗–↛]/, mark);
      await page.keyboard.press(mark);
      assert.equal((await back(line)) === none, on, mark);
      assert.equal(await page.getAttribute(`.toggles .${mark}`, "aria-pressed"), String(!on));
      await page.reload();
      assert.equal((await back(line)) === none, on, `${mark} is remembered`);
      await page.click(`.toggles .${mark}`);
      assert.equal((await back(line)) !== none, on, mark);
    }
    const pale = await page.$eval("#lines > .p.k, #lines > .m.k, #lines > .x.k", (line) => [line.className, getComputedStyle(line).backgroundColor]);
    assert.notEqual(pale[1], await back(`#lines > .${pale[0][0]}:not(.k)`));
  });

  await check("chunks are walked", async () => {
    await page.keyboard.press("0");
    const current = () => page.$$eval("#lines > .cur", (lines) => lines.map((line) => line.id));
    const seen = [];
    for (let step = 0; step < 100; step += 1) {
      await page.keyboard.press("j");
      const now = (await current()).join(" ");
      if (now === seen[seen.length - 1]) break;
      seen.push(now);
      assert.ok(await page.$eval("#lines > .cur", (line) => {
        const box = line.getBoundingClientRect();
        return box.top >= document.querySelector("header").offsetHeight && box.top < innerHeight;
      }));
    }
    assert.ok(seen.length > 4, seen.join("; "));
    await page.keyboard.press("k");
    assert.equal((await current()).join(" "), seen[seen.length - 2]);
    await shot("chunk");
    await page.keyboard.press("1");
    assert.equal((await current()).join(" "), seen[0]);
    await page.keyboard.press("0");
    assert.deepEqual(await current(), []);
    assert.equal(await page.evaluate(() => scrollY), 0);
  });

  await check("branches and contexts explain themselves", async () => {
    const note = page.locator(".n").first();
    assert.match(await note.innerText(), /^\d+\u202f↛\u202f(\d+|exit|anywhere)/);
    const sentence = note.locator("> span");
    assert.ok(!(await sentence.isVisible()));
    await note.focus();
    assert.ok(await sentence.isVisible());
    assert.match(await sentence.innerText(), /^line \d+ didn.t .+ because the /);
    await shot("sentence");
    const button = page.locator("button.c").first();
    const [, number] = /(\d+) ctx/.exec(await button.innerText());
    await button.click();
    assert.equal(await page.locator("#lines ul li").count(), Number(number));
    assert.equal(await button.getAttribute("aria-expanded"), "true");
    await shot("contexts");
    await button.click();
    assert.equal(await page.locator("#lines ul").count(), 0);
    await open("sample", cart, "#t50");
    const top = await page.$eval("#t50", (line) => line.getBoundingClientRect().top - document.querySelector("header").offsetHeight);
    assert.ok(top > 0, "the target is below the header");
  });

  await check("copied source has neither numbers nor notes", async () => {
    const copied = await page.evaluate(() => {
      getSelection().selectAllChildren(document.getElementById("lines"));
      return getSelection().toString();
    });
    assert.match(copied, /^"""What a customer is about to buy\."""\n\nfrom __future__ import annotations\n/);
    await page.evaluate(() => getSelection().removeAllRanges());
  });

  await check("dark mode", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    for (const [name, file] of [["index-dark", "index.html"], ["functions-dark", "function_index.html"], ["source-dark", cart]]) {
      await open("sample", file);
      const [back] = (await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).match(/\d+/);
      assert.ok(Number(back) < 60, "the page is dark");
      assert.deepEqual(await contrast(page), []);
      await shot(name);
    }
    await page.emulateMedia({ colorScheme: "light" });
  });

  await check("print and small screens", async () => {
    await page.emulateMedia({ media: "print" });
    await open("sample", cart);
    assert.ok(!(await page.isVisible("#overview")) && !(await page.isVisible("nav")));
    assert.ok(await page.locator(".n > span").first().isVisible());
    await shot("print");
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 420, height: 800 });
    await open("sample", cart);
    await shot("small-source");
    await open("sample", "index.html");
    await shot("small-index");
    await page.setViewportSize({ width: 1360, height: 850 });
  });

  await check("hostile texts", async () => {
    await open("hostile", "index.html");
    await shot("hostile-index");
    const names = await cells(0);
    assert.ok(names.some((name) => name.includes("</script><img src=x onerror=")));
    await open("hostile", find("hostile", "img src"));
    for (const button of await page.locator("button.c").all()) await button.click();
    assert.ok((await page.locator("#lines ul").first().innerText()).includes("</script><img"));
    await shot("hostile-source");
  });

  await check("20,000 lines", async () => {
    const start = Date.now();
    await open("long", find("long", "cart_py"));
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("r");
    const box = await page.locator("#overview").boundingBox();
    await page.mouse.click(box.x + 5, box.y + box.height / 2);
    assert.ok((await page.evaluate(() => scrollY)) > 100_000);
    await shot("long");
    const took = Date.now() - start;
    console.log(`20,000 lines opened and used in ${took} ms`);
    // A second on a quiet machine; what grows with the square of the lines takes hours.
    assert.ok(took < 120_000);
    await forget();
  });

  await check("without scripts", async () => {
    // A profile kept on disk has one context, and that one runs scripts.
    const still = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args });
    const plain = await (await still.newContext({ javaScriptEnabled: false })).newPage();
    plain.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
    for (const name of ["index.html", "function_index.html", "class_index.html", cart]) {
      await plain.goto(String(pathToFileURL(path.join(work, "sample", name))));
      assert.equal(await plain.locator("html.scripted").count(), 0, "the script did not run");
      assert.ok(!(await plain.locator(".script").first().isVisible().catch(() => false)), "what needs the script is not shown");
      if (name === cart) {
        assert.ok(await plain.locator("#lines > .m").first().isVisible());
        assert.notEqual(await plain.$eval("#lines > .m", (line) => getComputedStyle(line).backgroundColor), "rgba(0, 0, 0, 0)");
      } else {
        const rows = await plain.$$eval("tbody tr", (rows) => rows.map((row) => row.textContent));
        assert.ok(rows.length > 1 && rows.every((row) => row.endsWith("%\n") || row.endsWith("%")), rows.join("; "));
        assert.ok(await plain.locator("tbody tr").last().isVisible());
      }
    }
    await still.close();
  });

  await check("without storage", async () => {
    await page.addInitScript(() => {
      for (const store of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, store, { get() { throw new DOMException("forbidden", "SecurityError"); } });
      }
    });
    await open("sample", "index.html");
    await page.keyboard.press("m");
    assert.equal(await page.getAttribute("#missing", "aria-sort"), "descending");
    await open("sample", cart);
    await page.keyboard.press("r");
  });

  assert.deepEqual(complaints, []);
  console.log(`${count} checks passed, ${requests} requests, all for the report's own files`);
  await browser.close();
}

/// The texts on the page that are hard to read: less contrast than 4.5 : 1 to what lies behind them.
function contrast(page) {
  return page.evaluate(() => {
    const parse = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (colour) => {
      const [r, g, b] = colour.map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const poor = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || element.closest("script, [hidden], #help:not(:popover-open), .spoken")) continue;
      const back = behind(element);
      const [a, b] = [light(parse(getComputedStyle(element).color).slice(0, 3)), light(back)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (ratio < 4.5) poor.set(`${element.localName}.${element.className} on ${back}`, ratio.toFixed(2));
    }
    return [...poor].map((entry) => entry.join(": "));
  });
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => {
    fs.rmSync(profile, { recursive: true, force: true });
    setTimeout(() => process.exit(), 2000).unref();
  });
