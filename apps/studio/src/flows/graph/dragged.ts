/** What is dragged from the palette says its module type under this name. */
export const DRAGGED_TYPE = 'application/x-millrace-module';
