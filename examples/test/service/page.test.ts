/// <reference lib="dom" />
/** The page in Chromium: one browser, one service that is restarted under it. */
import { html, type Server, serve } from '@shrapnel/http'
import { commandPath, type TemporaryFolder, temporaryFolder } from '@shrapnel/test-support'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { BoardProcess } from './board-process.js'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
]
const TIMEOUT_MS = 15_000
const PATIENT = { timeout: TIMEOUT_MS }

let folder: TemporaryFolder
let board: BoardProcess
let elsewhere: Server
let browser: Browser
let page: Page
/** What the pages complained of, but for connections that a restart cut. */
const complaints: string[] = []

beforeAll(async () => {
  elsewhere = await serve({ port: 0 }, ({ path }) => html(`<title>The page ${path.slice(1)}</title>`))
  folder = await temporaryFolder()
  board = await BoardProcess.start({ folder, args: ['--fetch-private'] })
  browser = await chromium.launch({ executablePath: commandPath('chromium'), headless: true, args: FLAGS })
}, 90_000)
beforeEach(async () => {
  page = await openPage()
}, TIMEOUT_MS * 2)
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  expect(complaints.splice(0)).toEqual([])
})
afterAll(async () => {
  await browser.close()
  await board[Symbol.asyncDispose]()
  await elsewhere.stop()
  await folder.remove()
})

async function openPage(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const opened = await browser.newPage(options)
  opened.setDefaultTimeout(TIMEOUT_MS)
  opened.on('pageerror', (error) => complaints.push(error.message))
  opened.on('console', (message) => {
    const isCut = /WebSocket connection|ERR_CONNECTION_|ERR_EMPTY_RESPONSE|status of 422/.test(message.text())
    if (message.type() === 'error' && !isCut) complaints.push(message.text())
  })
  await opened.goto(board.url)
  await opened.getByText('Live', { exact: true }).waitFor()
  return opened
}

async function post(from: Page, url: string, note = ''): Promise<void> {
  await from.getByLabel('Link', { exact: true }).fill(url)
  await from.getByLabel('Note').fill(note)
  await from.getByRole('button', { name: 'Post' }).click()
}

function titles(of: Page): Promise<string[]> {
  return of.locator('#links h3').allTextContents()
}

test('what is posted in one tab is in the other, and its title comes by itself', async () => {
  const other = await openPage()
  await post(page, `${elsewhere.url}/live`, 'seen at once')
  await other.getByText('seen at once').waitFor()
  for (const tab of [page, other]) {
    const link = tab.getByRole('link', { name: 'The page live' })
    await link.waitFor()
    expect(await link.getAttribute('href')).toBe(`${elsewhere.url}/live`)
    expect(await link.getAttribute('rel')).toContain('noopener')
  }
  await page.getByText('Posted.').waitFor()
})

test('the keyboard is all one needs: n, the link, the note, Enter; j and k go from link to link', async () => {
  await page.keyboard.press('n')
  await page.keyboard.type(`${elsewhere.url}/keys`)
  await page.keyboard.press('Tab')
  await page.keyboard.type('without a mouse')
  await page.keyboard.press('Enter')
  await page.getByText('without a mouse').waitFor()
  await page.keyboard.press('Escape')
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('href'))
  await page.keyboard.press('j')
  expect(await focused()).toBe(`${elsewhere.url}/keys`)
  await page.keyboard.press('j')
  expect(await focused()).not.toBe(`${elsewhere.url}/keys`)
  await page.keyboard.press('k')
  expect(await focused()).toBe(`${elsewhere.url}/keys`)
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
  expect(outline).toBe('solid')
})

test('every control has a name, and the page says what it is', async () => {
  const tree = await page.locator('body').ariaSnapshot()
  for (const line of [
    'searchbox "Search the links"',
    'textbox "Link"',
    'textbox "Note"',
    'button "Post"',
    'heading "Link board" [level=1]',
    'heading "The arena" [level=2]',
    'group "What the worms are told"',
  ])
    expect(tree).toContain(line)
  expect(tree).not.toMatch(/^\s*- (?:button|textbox|link|img)(?::|$)/m)
})

test('what cannot be posted is said beside the form, and stays in it', async () => {
  await post(page, 'ftp://example.com/', 'a note')
  await page.getByText('Links begin with http or https.').waitFor()
  expect(await page.getByLabel('Link', { exact: true }).inputValue()).toBe('ftp://example.com/')
  expect(await page.getByLabel('Link', { exact: true }).getAttribute('aria-invalid')).toBe('true')
})

test('what people write is text, whatever it looks like', async () => {
  await post(page, 'https://attack.example/<script>', '<img src=x onerror=alert(1)>')
  await page.getByText('<img src=x onerror=alert(1)>').waitFor()
  expect(await page.locator('#links img, #links script').count()).toBe(0)
})

test('a title that is very long takes three lines', async () => {
  await post(page, `https://lengthy.example/${'unbroken'.repeat(200)}`, 'the long one')
  await page.getByText('the long one').waitFor()
  const link = page.getByRole('link', { name: 'lengthy.example' })
  const lines = () =>
    link.evaluate((element) =>
      Math.round(element.clientHeight / Number.parseFloat(getComputedStyle(element).lineHeight)),
    )
  // The link is made anew when it is known why it has no title.
  await expect.poll(lines, PATIENT).toBe(3)
})

test('search shows what matches while one types, and Escape brings the board back', async () => {
  await post(page, 'https://needle.example/', 'in a haystack')
  await page.getByText('in a haystack').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await page.keyboard.type('hays need')
  await page.getByText('1 link with “hays need”').waitFor()
  await expect.poll(() => titles(page), PATIENT).toEqual(['needle.example'])
  await page.keyboard.type('les')
  await page.getByText('No link has all these words.').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(async () => (await titles(page)).length, PATIENT).toBeGreaterThan(1)
})

test('worms move in the canvas, and obey', async () => {
  const canvas = page.locator('#arena')
  await canvas.scrollIntoViewIfNeeded()
  const picture = () => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL())
  await expect.poll(async () => Number(await canvas.getAttribute('data-frames')), PATIENT).toBeGreaterThan(2)
  const before = await picture()
  await expect.poll(picture, PATIENT).not.toBe(before)
  const worms = page.locator('#worms')
  expect(await worms.textContent()).toBe('10 worms')
  await page.getByRole('button', { name: 'n new' }).click()
  await canvas.focus()
  await page.keyboard.press('n')
  await expect.poll(() => worms.textContent(), PATIENT).toBe('12 worms')
})

test('when the service is restarted, open pages come back by themselves and have what they missed', async () => {
  await post(page, 'https://before.example/')
  await page.getByText('before.example').first().waitFor()
  const { ports } = board
  await board.endBy('SIGKILL')
  await page.getByText('Reconnecting').waitFor()
  await post(page, 'https://meanwhile.example/', 'not lost')
  await page.getByText('The service cannot be reached').waitFor()
  board = await BoardProcess.start({ folder, ports, args: ['--fetch-private'] })
  // Somebody else is faster than the page.
  expect((await board.post({ url: 'https://missed.example/' })).status).toBe(201)
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByText('missed.example').first().waitFor()
  await page.getByRole('button', { name: 'Post' }).click()
  await page.getByText('not lost').waitFor()
  const shown = await titles(page)
  expect(new Set(shown).size).toBe(shown.length)
  expect(shown.slice(0, 3)).toEqual(['meanwhile.example', 'missed.example', 'before.example'])
}, 60_000)

test.each(['light', 'dark'] as const)(
  'on a phone nothing is wider than the screen, and all can be read, when it is %s',
  async (colorScheme) => {
    const phone = await openPage({ viewport: { width: 390, height: 844 }, colorScheme })
    await post(phone, `https://long.example/${'unbroken'.repeat(30)}`, 'x'.repeat(300))
    await phone.getByText('long.example').first().waitFor()
    const wide = await phone.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
        .map((element) => element.outerHTML.slice(0, 80)),
    )
    expect(wide).toEqual([])
    expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    const background = await phone.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(background).toBe(colorScheme === 'light' ? 'rgb(251, 247, 240)' : 'rgb(20, 22, 28)')
  },
)
