using System.Globalization;
using System.Net;
using System.Text;

namespace SecureFed.Cli.Audit.Report;

/// <summary>A report as one HTML file: style and charts inline, no script, nothing fetched. Every text is escaped.</summary>
internal static class ReportHtml
{
    // default-src 'none' makes the browser enforce what the file promises.
    private const string Head = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        :root { color-scheme: light dark; --page: #fff; --ink: #1b2430; --soft: #5b6675; --line: #d9dee5; --good: #17693b; --good-page: #eef7f1; --caution: #8a5a00; --caution-page: #fdf6e3; --bad: #a32020; --bad-page: #fbeeee; --accent: #1f5fa8; --lost: #b9c6d6; }
        @media (prefers-color-scheme: dark) { :root { --page: #14181e; --ink: #e3e8ee; --soft: #9aa6b4; --line: #333c47; --good: #6fcf97; --good-page: #17261d; --caution: #e5b454; --caution-page: #2a2313; --bad: #f08a8a; --bad-page: #2d1a1a; --accent: #6ea8e8; --lost: #46566a; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
        .headline { border-left: .4rem solid var(--good); background: var(--good-page); padding: .8rem 1rem; margin: 1rem 0; font-weight: 600; overflow-wrap: anywhere; }
        .headline.caution { border-color: var(--caution); background: var(--caution-page); } .headline.bad { border-color: var(--bad); background: var(--bad-page); }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; margin-bottom: 1rem; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
        th { color: var(--soft); font-weight: 600; } th[scope="row"] { width: 13rem; } td { overflow-wrap: anywhere; } td.number { font-variant-numeric: tabular-nums; overflow-wrap: normal; }
        td.mono { font: .74rem/1.6 ui-monospace, monospace; }
        .passed { color: var(--good); white-space: nowrap; } .failed { color: var(--bad); font-weight: 600; white-space: nowrap; } .not-possible, .not-reached { color: var(--soft); white-space: nowrap; }
        svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } svg text.bound { fill: var(--bad); font-weight: 600; paint-order: stroke; stroke: var(--page); stroke-width: 4px; }
        .axis { stroke: var(--line); } .cap { stroke: var(--bad); stroke-dasharray: 6 4; fill: none; } .step { stroke: var(--accent); stroke-width: 2; fill: none; }
        .sum { fill: var(--accent); } .whisker { stroke: var(--ink); stroke-width: 1.5; fill: none; } .hidden { stroke: var(--lost); stroke-width: 4; } .dot { fill: var(--accent); } .ideal { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; } .band { fill: var(--accent); opacity: .18; } .lost { fill: var(--lost); } .least { stroke: var(--bad); stroke-width: 2; } p.note { color: var(--soft); font-size: .88rem; }
        @media print {
        :root { color-scheme: light; --page: #fff; --ink: #000; --soft: #444; --line: #bbb; --good: #17693b; --good-page: #fff; --caution: #8a5a00; --caution-page: #fff; --bad: #a32020; --bad-page: #fff; --accent: #1f5fa8; --lost: #b9c6d6; }
        body { margin: 0; max-width: none; font-size: 11px; } h2, thead { break-after: avoid; } tr, svg, .headline { break-inside: avoid; } thead { display: table-header-group; } svg { print-color-adjust: exact; } td.mono { font-size: 8px; }
        }
        </style>

        """;

    public static string Write(ReportContent report)
    {
        StringBuilder html = new(Head);
        html.Append("<title>").Append(Escape($"Audit of {report.Title}")).Append("</title>\n</head>\n<body>\n");
        html.Append("<header>\n<p class=\"note\">SecureFed audit report</p>\n<h1>").Append(Escape(report.Title)).Append("</h1>\n");
        html.Append("<p id=\"headline\" class=\"headline").Append(!report.Verified ? " bad" : report.Pinned ? "" : " caution").Append("\">").Append(Escape(report.Headline)).Append("</p>\n");
        if (report.Verified && !report.Pinned)
            html.Append("<p class=\"note\">Nobody but the maker of these files says whose log this is. Verify again with the key that the consortium published (--vkey, --policy or --authority).</p>\n");
        Fields(html, null, "checkpoint", [new("log", report.Origin ?? "unknown"), new("entries", report.Entries is { } entries ? Number((long)entries) : "unknown"), new("root", report.Root ?? "unknown"), .. report.Summary]);
        html.Append("</header>\n");
        Table(html, "Verification", "steps", ["part", "result", "what was checked"], report.Steps.Select(s => (string[])[s.Name, s.Status, s.Detail]), s => s is "passed" or "failed" or "not-possible" or "not-reached" ? s : null);
        Budget(html, report);
        Table(
            html,
            "Rounds",
            "rounds",
            ["round", "kind", "state", "cohort", "in the sum", "at least", "dropped", "leaves lost", "reason", "entry"],
            report.Rounds.Select(r => (string[])[Number(r.Round), r.Kind, r.State, Number(r.Cohort), Number(r.Survivors), Number(r.Least), Number(r.Dropped), Number(r.LostLeaves), r.Reason ?? "", Number((long)r.Entry)]));
        Section(html, "Participants against the minimum", "participants");
        html.Append(ReportCharts.Participants(report.Rounds)).Append("<p class=\"note\">Bars: updates in the sum, with those of the cohort that dropped out above them in grey. Red: the fewest survivors with which shares may be asked for.</p>\n</section>\n");
        Encryption(html, report);
        ReportExplanation.Write(html, report);
        Fields(html, "Privacy statement (fields of NIST SP 800-226 and of the DP deployment registry)", "statement", report.PrivacyStatement);
        Fields(html, "Parameters", "parameters", report.Parameters);
        Table(html, "Model lineage", "lineage", ["round", "parent", "model"], report.Lineage.Select(m => (string[])[Number(m.Round), m.Parent ?? "(initial)", m.Model]));
        Table(html, "Key custody", "custody", ["role", "fingerprint", "how it is known"], report.Custody.Select(k => (string[])[k.Role, k.Fingerprint, k.Source]));
        Table(html, "Enrolment", "enrolment", ["entry", "roster", "number", "changes"], report.Enrolment.Select(e => (string[])[Number((long)e.Entry), e.Roster, e.Sequence is { } number ? number.ToString(CultureInfo.InvariantCulture) : "", ChangesOf(e)]));
        Approvals(html, report);
        if (report.Deviations.Count == 0)
            Lines(html, "Deviations", "deviations", ["None: no abort, no suspect, no deletion."]);
        else
            Table(html, "Deviations", "deviations", ["round", "what happened"], report.Deviations.Select(d => (string[])[d.Round is { } round ? Number(round) : "task", d.What]));
        Lines(html, "What is learnt, and by whom", "leakage", report.Leakage);
        return html.Append("</body>\n</html>\n").ToString();
    }

    internal static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string ChangesOf(ReportEnrolment enrolment) => enrolment switch
    {
        { Entry: 0 } => "at the task's creation",
        { Changes: null } => "not known to this reader: rosters are blobs, which auditors of the roster are shown",
        { Changes.Count: 0 } => "none",
        _ => string.Join(", ", enrolment.Changes.Select(c => $"{c.Key}: {Number(c.Value.Added)} added, {Number(c.Value.Removed)} removed")),
    };

    private static void Budget(StringBuilder html, ReportContent report)
    {
        Section(html, "Privacy budget", "budget");
        if (report.Budget is not { } budget)
        {
            html.Append("<p>No budget: the task adds no noise, or its charges could not be recomputed.</p>\n</section>\n");
            return;
        }

        html.Append(ReportCharts.Budget(budget));
        html.Append("<p class=\"note\">Epsilon after each round, reservations included, against the cap (dashed).</p>\n");
        Rows(html, [
            new("unit", budget.Unit),
            new("epsilon spent", Number(budget.EpsilonSpent)),
            new("cap", Number(budget.Cap)),
            new("epsilon for the server", Number(budget.EpsilonOfServer)),
            new("epsilon for who reads models only", Number(budget.EpsilonOfModelReaders)),
            new("delta", Number(budget.Delta)),
            new("order", Number(budget.Order)),
            new("units spent", Number(budget.Spent)),
            new("units left", Number(budget.Left)),
        ]);
        Grid(html, ["round", "charge (units)", "state", "epsilon after"], budget.Points.Select(p => (string[])[Number(p.Round), Number(p.Charge), p.State, Number(p.Epsilon)]), null);
        html.Append("</section>\n");
    }

    private static void Encryption(StringBuilder html, ReportContent report)
    {
        if (report.Encryption is not { } encryption)
            return;
        Section(html, "Encryption", "encryption");
        if (encryption.Warning is { } warning)
            html.Append("<p class=\"headline bad\">").Append(Escape(warning)).Append("</p>\n");
        Rows(html, encryption.Fields());
        Grid(html, ["point", "key holder", "organisation", "fingerprint"], encryption.Holders.Select(h => (string[])[Number(h.Point), h.Holder, h.Organisation ?? "not known to this reader", h.Fingerprint ?? ""]), null);
        Grid(
            html,
            ["round", "seats", "checked shares", "signed the list", "gave sums"],
            encryption.Rounds.Select(r => (string[])[Number(r.Round), Number(r.Seats), Number(r.Checked), Number(r.Signed), Number(r.Answered)]),
            null);
        html.Append("<p class=\"note\">Seats: key holders that had a key on offer when the round opened. The others of these columns: how many then did what.</p>\n</section>\n");
    }

    private static void Approvals(StringBuilder html, ReportContent report)
    {
        Section(html, "Approvals", "approvals");
        if (report.Approvals.Count > 0)
        {
            Grid(
                html,
                ["effect", "reason", "requested by", "request entry", "approved by", "in force from entry"],
                report.Approvals.Select(a => (string[])[a.Effect ?? "not shown to this reader", a.Reason ?? "", a.Requester ?? "", Number((long)a.RequestEntry), a.Approver ?? "nobody", a.ApprovalEntry is { } entry ? Number((long)entry) : "never"]),
                null);
        }

        html.Append("<p class=\"note\">").Append(Escape(report.ApprovalNote)).Append("</p>\n</section>\n");
    }

    private static void Fields(StringBuilder html, string? title, string id, IEnumerable<ReportField> fields)
    {
        Section(html, title, id);
        Rows(html, fields);
        html.Append("</section>\n");
    }

    private static void Lines(StringBuilder html, string title, string id, IEnumerable<string> lines)
    {
        Section(html, title, id);
        html.Append("<ul>\n");
        foreach (string line in lines)
            html.Append("<li>").Append(Escape(line)).Append("</li>\n");
        html.Append("</ul>\n</section>\n");
    }

    private static void Table(StringBuilder html, string title, string id, string[] columns, IEnumerable<string[]> rows, Func<string, string?>? styleOf = null)
    {
        Section(html, title, id);
        Grid(html, columns, rows, styleOf);
        html.Append("</section>\n");
    }

    internal static void Section(StringBuilder html, string? title, string id)
    {
        html.Append("<section id=\"").Append(id).Append("\">\n");
        if (title is not null)
            html.Append("<h2>").Append(Escape(title)).Append("</h2>\n");
    }

    private static void Rows(StringBuilder html, IEnumerable<ReportField> fields)
    {
        html.Append("<table>\n");
        foreach (ReportField field in fields)
            html.Append("<tr><th scope=\"row\">").Append(Escape(field.Name)).Append("</th><td>").Append(Escape(field.Value)).Append("</td></tr>\n");
        html.Append("</table>\n");
    }

    internal static void Grid(StringBuilder html, string[] columns, IEnumerable<string[]> rows, Func<string, string?>? styleOf)
    {
        html.Append("<table>\n<thead><tr>");
        foreach (string column in columns)
            html.Append("<th scope=\"col\">").Append(Escape(column)).Append("</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (string[] row in rows)
        {
            html.Append("<tr>");
            foreach (string cell in row)
                html.Append("<td class=\"").Append(styleOf?.Invoke(cell) ?? (cell.Length > 20 && !cell.Contains(' ', StringComparison.Ordinal) ? "mono" : "number")).Append("\">").Append(Escape(cell)).Append("</td>");
            html.Append("</tr>\n");
        }

        html.Append("</tbody>\n</table>\n");
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
