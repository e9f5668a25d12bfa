/**
 * Docs of modules as HTML. Pure.
 *
 * Guarantee: nothing that a text holds becomes markup of its own: raw HTML is shown as it is written, and links
 * lead only to the web.
 */
import { Marked } from 'marked';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ text }) => escaped(text),
    link({ href, tokens }) {
      const inside = this.parser.parseInline(tokens);
      return /^https?:\/\//.test(href)
        ? `<a href="${escaped(href)}" target="_blank" rel="noreferrer">${inside}</a>`
        : inside;
    },
  },
});

export const docsHtml = (markdown: string): string => marked.parse(markdown, { async: false });

/** Without paragraphs around. */
export const lineHtml = (markdown: string): string => marked.parseInline(markdown, { async: false });
