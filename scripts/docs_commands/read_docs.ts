/** Finds the commands that the documents tell a reader to type. */
import { join } from "node:path";
import { PROJECT_DIR } from "../lib/source_files.ts";

/** A block of commands in a document. */
export interface Block {
  /** Relative to the project. */
  file: string;
  language: string;
  text: string;
}

/** A command in the middle of a sentence. */
export interface InlineCommand {
  file: string;
  text: string;
}

/** README.md and the documents of `docs`, by path. */
export async function readDocs(): Promise<Map<string, string>> {
  const paths = ["README.md"];
  for await (const { name } of Deno.readDir(join(PROJECT_DIR, "docs"))) {
    if (name.endsWith(".md")) paths.push(`docs/${name}`);
  }
  const texts = paths.sort().map(async (path) => [path, await Deno.readTextFile(join(PROJECT_DIR, path))] as const);
  return new Map(await Promise.all(texts));
}

/** Fenced blocks of `languages`, also where a list indents them. */
export function blocksOf(file: string, text: string, languages: readonly string[]): Block[] {
  return Array.from(
    text.matchAll(/^( *)```(\w+)\n([^]*?)^ *```$/gm),
    ([, indent, language, body]) => ({
      file,
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, "gm"), "").trim(),
    }),
  ).filter(({ language }) => languages.includes(language));
}

/** Text between backticks that begins with `deno` or with its npx form. */
export function inlineCommandsOf(file: string, text: string): InlineCommand[] {
  const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, "");
  return Array.from(prose.matchAll(/`((?:npx --yes deno@[\d.]+|deno) [^`]+)`/g), ([, command]) => ({
    file,
    text: command.replaceAll(/\s+/g, " "),
  }));
}
