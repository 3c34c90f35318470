import { checkInputUrl } from '../../nodes/AtlasCloud/api/files/inputUrl';

const check = (url: string, baseUrl = 'https://api.atlascloud.ai') =>
	checkInputUrl(url, { baseUrl, isTool: false });

it.each([
	'https://example.com/a.jpg',
	'HTTP://example.com/a%20b',
	'https://8.8.8.8/a.jpg',
	'https://drive.google.com/uc?export=download&id=1',
	'https://www.dropbox.com/scl/fi/1/a.jpg?rlkey=2&dl=1',
	'https://docs.google.com/drawings/d/1/export/png',
	'https://dl.dropboxusercontent.com/s/1/a.jpg',
	'https://contoso-my.sharepoint.com/personal/x/_layouts/15/download.aspx?UniqueId=1&tempauth=2',
	'https://docs.google.com/drawings/d/e/1/pub?w=960&h=720',
	'https://onedrive.live.com/download?resid=1&authkey=2',
	'https://app.box.com/shared/static/1.jpg',
	'https://i.imgur.com/1.jpg',
	'https://imgur.com/1.jpg',
	'https://i.ibb.co/1/a.jpg',
	'https://github.com/a/b/blob/main/c.png?raw=true',
	'https://github.com/a/b/raw/main/c.png',
	'https://github.com/a/blob/raw/main/blob/c.png',
	'https://imgur.com/download/1',
	'https://de.wikipedia.org/wiki/Spezial:Dateipfad/A.jpg',
	'https://commons.wikimedia.org/wiki/Special:FilePath/A.jpg',
	'https://upload.wikimedia.org/wikipedia/commons/a/ab/A.jpg',
	'https://i.pinimg.com/1.jpg',
	'https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=2',
])('%s may lead to a file', (url) => {
	expect(() => check(url)).not.toThrow();
});

it.each([
	['https://', 'is not a valid URL'],
	['https://example.com/a b.jpg', 'contains a space'],
	['https://example.com/a\u2060.jpg', 'contains an invisible character (U+2060)'],
	['https://10.0.0.1/a.jpg', 'it isn’t on the public internet'],
	['http://localhost:5678/a.jpg', 'it isn’t on the public internet'],
	['https://nas.local/a.jpg', 'it isn’t on the public internet'],
	['https://drive.google.com/file/d/1/view?usp=sharing', 'This Google Drive link opens a page'],
	['https://drive.google.com/open?id=1', 'This Google Drive link opens a page'],
	['https://drive.google.com/u/0/file/d/1/view', 'This Google Drive link opens a page'],
	['https://drive.google.com/a/example.com/file/d/1/view', 'This Google Drive link opens a page'],
	['https://docs.google.com/document/d/e/1/pub', 'This Google Docs link opens a page'],
	['https://app.box.com/s/1', 'This Box link opens a page'],
	['https://acme.app.box.com/file/1', 'This Box link opens a page'],
	['https://imgur.com/1', 'This Imgur link opens a page'],
	['https://ibb.co/1', 'This ImgBB link opens a page'],
	['https://github.com/a/b/blob/main/c.png', 'This GitHub link opens a page'],
	['https://commons.wikimedia.org/wiki/File:A.jpg', 'This Wikimedia link opens a page'],
	['https://de.wikipedia.org/wiki/Datei:A.jpg', 'This Wikimedia link opens a page'],
	['https://www.pinterest.co.uk/pin/1/', 'This Pinterest link opens a page'],
	['https://acme.slack.com/files/U1/F1/a.jpg', 'This Slack link needs a login'],
	['https://photos.app.goo.gl/1', 'This Google Photos link opens a page'],
	['https://www.dropbox.com/s/1/a.jpg?dl=0', 'This Dropbox link opens a page'],
	['https://docs.google.com/drawings/d/1/edit?usp=sharing', 'This Google Docs link opens a page'],
	['https://contoso.sharepoint.com/:i:/g/1?e=2', 'This OneDrive link opens a page'],
	['https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1', 'This WhatsApp link needs a login'],
	['https://1drv.ms/i/s!1', 'This OneDrive link opens a page'],
	['https://www.icloud.com/photos/#1', 'This iCloud link opens a page'],
])('%s cannot be read by Atlas Cloud', (url, words) => {
	expect(() => check(url)).toThrow(words);
});

it('takes no longer for long hosts', () => {
	expect(() => check(`https://${'pinterest.'.repeat(100_000)}a-b/x`)).not.toThrow();
});

it('may be on this machine if Atlas Cloud is, too', () => {
	expect(() => check('http://127.0.0.1:8080/a.jpg', 'http://localhost:3000')).not.toThrow();
});
