/** The style sheet of the statistics page: one screen of text, light and dark, nothing loaded from anywhere. */

export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #566170; --paper: #fff; --card: #f5f7fa; --line: #d8dee6; --bad: #a3160f;
  --up: #dff3e4; --going: #fff0c9; --down: #fbdad7; --drain: #dbe9fb; --maint: #eadcf3; --plain: #eceff3; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #a5b0be; --paper: #14181e; --card: #1c222b; --line: #333d4a;
  --bad: #ffa29b; --up: #17402a; --going: #4d3c0c; --down: #58211e; --drain: #1b3a5e; --maint: #40294f; --plain: #262e39; --link: #7db8f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: .8rem; max-width: 110rem; background: var(--paper); color: var(--ink); font: 14px/1.4 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.4rem; } h2 { margin: 0 0 .3rem; font-size: 1.05rem; overflow-wrap: anywhere; }
a { color: var(--link); } nav a { margin-right: 1rem; white-space: nowrap; }
.about { color: var(--soft); margin: .2rem 0 .6rem; }
.key { margin: .6rem 0 0; } .key span { display: inline-block; padding: 0 .5rem; margin: 0 .3rem .3rem 0; border-radius: .25rem; }
section { margin: .8rem 0; padding: .6rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 12px; }
th, td { padding: .2rem .3rem; border: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
thead th { font-weight: 600; text-align: center; vertical-align: bottom; line-height: 1.2; background: var(--card); }
tbody th { position: sticky; left: 0; font-weight: 600; text-align: left; background: inherit; }
tbody tr { background: var(--plain); }
tbody th, td.words { min-width: 5.5rem; max-width: 16rem; white-space: normal; overflow-wrap: anywhere; text-align: left; }
td.nothing, small { color: var(--soft); } td.alarm { color: var(--bad); font-weight: 600; }
small { display: block; font-weight: 400; font-size: 11px; } td .phone { display: none; }
input[type="checkbox"] { margin: 0 .2rem 0 0; vertical-align: -2px; }
tr.frontend, tr.backend, tr.listener { background: var(--paper); } tr.backend th, tr.frontend th { font-weight: 700; }
.up { background: var(--up); } .going { background: var(--going); } .down, tr.backend.down { background: var(--down); }
.drain { background: var(--drain); } .maint { background: var(--maint); } .plain { background: var(--plain); }
.told { padding: .5rem .8rem; border-radius: .4rem; background: var(--going); }
.act { margin: .5rem 0 0; } select, button { font: inherit; padding: .2rem .5rem; }
@media (max-width: 40rem) { body, section { padding: .3rem; }
  table { font-size: 13px; } th, td { padding: .3rem; } tbody th { min-width: 5.8rem; } td.words { width: 60%; }
  td .phone { display: inline; } td small.phone { display: block; } .rest { display: none; } }
`;
