/* Draws one message. What people typed is text everywhere: nodes and textContent, never markup. */

const CAME_BY = { reply: "公众号", custom: "公众号 · 客服消息", template: "公众号 · 模板通知",
  subscribe: "公众号 · 订阅通知", platform: "平台提示", push: "客户" };
const EVENTS = { subscribe: "关注了公众号", unsubscribe: "取消了关注", CLICK: "点了菜单", VIEW: "打开了菜单链接",
  SCAN: "扫了二维码", scancode_waitmsg: "扫了码", location_select: "从菜单发位置" };
const KINDS = { image: "图片", voice: "语音", video: "视频", shortvideo: "小视频" };
const LINK = /<a href="(https?:\/\/[^"<>\s]+)">([^<]{1,200})<\/a>|https?:\/\/[^\s<>"'，。；）]+/g;

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  const { data, ...rest } = properties;
  Object.assign(made, rest);
  Object.assign(made.dataset, data ?? {});
  made.append(...children);
  return made;
}

function link(url, words) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer", textContent: words });
}

/* Addresses become links, as chat programs do; everything between them stays text. */
function withLinks(text) {
  const parts = [];
  let from = 0;
  for (const hit of text.matchAll(LINK)) {
    parts.push(text.slice(from, hit.index), link(hit[1] ?? hit[0], hit[2] ?? hit[0]));
    from = hit.index + hit[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

function paragraph(text) {
  return element("p", { className: "text" }, ...withLinks(text));
}

function choices(message, choose) {
  const buttons = message.choices.map((choice) => {
    const button = element("button", { type: "button", className: "choice",
      textContent: choice.content, data: { menuId: choice.id } });
    button.addEventListener("click", () => choose(choice));
    return button;
  });
  return element("div", { className: "choices" }, ...buttons);
}

function address(url, words) {
  return /^https?:\/\//.test(url) ? [element("p", { className: "text" }, link(url, words))] : [];
}

function content(message, choose) {
  const text = message.text ?? "";
  if (message.type === "msgmenu") {
    return [paragraph(message.head), choices(message, choose), paragraph(message.tail)];
  }
  if (message.type === "news") {
    return message.articles.flatMap((article) => [paragraph(article.title),
      paragraph(article.description), ...address(article.url, "打开")]);
  }
  if (message.type === "location") {
    return [paragraph(`位置：${text}（${Number(message.lat).toFixed(6)}, ${Number(message.lon).toFixed(6)}）`)];
  }
  if (message.type === "event") {
    return [paragraph(`${EVENTS[message.event] ?? message.event} ${text}`.trim())];
  }
  if (message.type in KINDS) {
    const picture = message.type === "image" && message.media_id
      ? [element("img", { src: `/control/media/${encodeURIComponent(message.media_id)}`, alt: "图片" })] : [];
    return [paragraph(`[${KINDS[message.type]}]`), ...picture];
  }
  return [paragraph(text), ...(message.url ? address(message.url, "查看详情") : [])];
}

export function bubble(message, choose) {
  const at = new Date(message.at).toLocaleTimeString("zh-CN", { hour12: false });
  const from = element("span", { className: "from", textContent: `${CAME_BY[message.via] ?? message.via} ${at}` });
  return element("li", { className: "message", data: { id: message.id, direction: message.direction,
    type: message.type, via: message.via } }, from, ...content(message, choose));
}
