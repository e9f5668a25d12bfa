export const openApiPage: string;
export function openApiText(document: unknown): string;
export function openApiOfDirector(): Promise<string>;
