import Papa from 'papaparse';

/** @returns the records as lines of CSV (RFC 4180), the last one ended as well; empty text for none */
export function toCsv(records: readonly (readonly unknown[])[]): string {
  if (records.length === 0) return '';
  return `${Papa.unparse(records as unknown[][], { newline: '\r\n' })}\r\n`;
}
