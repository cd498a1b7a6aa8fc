/** The style sheet of the statistics page: one screen of text, light and dark, nothing loaded from anywhere. */

export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --paper: #fff; --card: #f5f7fa; --line: #d8dee6;
  --up: #dff3e4; --going: #fff0c9; --down: #fbdad7; --drain: #dbe9fb; --maint: #eadcf3; --plain: #eceff3; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa6b5; --paper: #14181e; --card: #1c222b; --line: #333d4a;
  --up: #17402a; --going: #4d3c0c; --down: #58211e; --drain: #1b3a5e; --maint: #40294f; --plain: #262e39; --link: #7db8f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 110rem; background: var(--paper); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 0 0 .4rem; font-size: 1.1rem; }
a { color: var(--link); } nav a { margin-right: 1rem; white-space: nowrap; }
.about { color: var(--soft); margin: .3rem 0 .8rem; }
.key span { display: inline-block; padding: 0 .5rem; margin: 0 .3rem .3rem 0; border-radius: .25rem; }
section { margin: 1.4rem 0; padding: .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 12.5px; }
th, td { padding: .2rem .45rem; border: 1px solid var(--line); text-align: right; white-space: nowrap; }
thead th { font-weight: 600; text-align: center; background: var(--card); }
tbody th { position: sticky; left: 0; font-weight: 600; text-align: left; background: inherit; }
tbody tr { background: var(--plain); } td.text { text-align: left; }
tr.frontend, tr.backend, tr.listener { background: var(--paper); } tr.backend th, tr.frontend th { font-weight: 700; }
.up { background: var(--up); } .going { background: var(--going); } .down, tr.backend.down { background: var(--down); }
.drain { background: var(--drain); } .maint { background: var(--maint); } .plain { background: var(--plain); }
small { display: block; color: var(--soft); max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
.told { padding: .5rem .8rem; border-radius: .4rem; background: var(--going); }
.act { margin-top: .6rem; } select, button { font: inherit; padding: .2rem .5rem; }
@media (max-width: 40rem) { body { padding: .5rem; } section { padding: .5rem; } }
`;
