/**
 * What people do on the canvas of the flow editor, with the mouse: modules by what they are called, ports by where
 * they stand on a card.
 */
import type { Locator, Page } from 'playwright-core';

export interface Point {
  x: number;
  y: number;
}

export class Canvas {
  constructor(
    readonly page: Page,
    readonly flow: string,
  ) {}

  get pane(): Locator {
    return this.page.getByLabel(`Graph of ${this.flow}`);
  }

  /** Its name begins with its id. */
  card(id: string): Locator {
    return this.page.getByRole('group', { name: new RegExp(`^${id}, `) });
  }

  inspector(id: string): Locator {
    return this.page.getByRole('complementary', { name: `Inspector of ${id}` });
  }

  /** From the palette to a place of the canvas; pixels from its corner. */
  async drop(title: string, at: Point): Promise<void> {
    const palette = this.page.getByRole('complementary', { name: 'Palette of modules' });
    await palette.getByRole('button', { name: title }).dragTo(this.pane, { targetPosition: at });
  }

  /** From the port at the right of a card to the one at the left of another. */
  async wire(from: string, to: string): Promise<void> {
    const [begin, end] = [await this.edge(from, 'right'), await this.edge(to, 'left')];
    const { mouse } = this.page;
    await mouse.move(begin.x, begin.y);
    await mouse.down();
    await mouse.move((begin.x + end.x) / 2, (begin.y + end.y) / 2, { steps: 5 });
    await mouse.move(end.x, end.y, { steps: 5 });
    await mouse.up();
    await this.page.getByRole('group', { name: `Wire from ${from} to ${to}` }).waitFor({ state: 'attached' });
  }

  async move(id: string, by: Point): Promise<void> {
    const box = await this.still(id);
    const { mouse } = this.page;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 4];
    await mouse.move(x, y);
    await mouse.down();
    await mouse.move(x + by.x, y + by.y, { steps: 8 });
    await mouse.up();
  }

  /** Until the director has all that was drawn. */
  async saved(): Promise<void> {
    await this.page
      .getByRole('status')
      .filter({ hasText: /^saved / })
      .waitFor();
  }

  private async edge(id: string, side: 'left' | 'right'): Promise<Point> {
    const box = await this.still(id);
    return { x: side === 'left' ? box.x : box.x + box.width, y: box.y + box.height / 2 };
  }

  /** Where a card is once it does not move any more: what was added or laid out comes into sight in a few frames. */
  private async still(id: string): Promise<{ x: number; y: number; width: number; height: number }> {
    let before: string | undefined;
    for (let look = 0; look < 50; look++) {
      const box = (await this.card(id).boundingBox())!;
      const now = JSON.stringify(box);
      if (now === before) return box;
      before = now;
      await this.page.waitForTimeout(250);
    }
    throw new Error(`the card ${id} does not come to rest`);
  }
}

/** A file dropped from the desktop on something of the page; of `bytes` there are so many, all zero. */
export async function dropFile(
  to: Locator,
  file: { name: string; text: string } | { name: string; bytes: number },
): Promise<void> {
  const content = 'text' in file ? JSON.stringify(file.text) : `new Uint8Array(${file.bytes})`;
  const dataTransfer = await to.page().evaluateHandle(`{
    const dropped = new DataTransfer();
    dropped.items.add(new File([${content}], ${JSON.stringify(file.name)}));
    dropped;
  }`);
  for (const event of ['dragenter', 'dragover', 'drop']) await to.dispatchEvent(event, { dataTransfer });
}
