"""What sites put between the lines of a story: other stories, calls to subscribe or to write in, credits, buttons.

Forms of whole lines, in English news: they speak to the reader, name a page, or have no verb. A line that a reporter
could have written is none of them.
"""

from __future__ import annotations

import re

# A word can be read in one way only, so matching stays linear.
_NAME = r"(?:(?![a-z])\w[\w.'’&@-]*|&|and|in|of|the|at|al|bin|da|de|del|der|di|la|van|von|for)"
NAMES = rf"{_NAME}(?:,?\s+{_NAME})*"
"""Names, a pattern: capitalised words and what joins them."""
_FEW = rf"{_NAME}(?:\s{_NAME}){{0,3}}(?:, (?i:file))?"
_AGENCY = (
    r"(?:Getty(?: Images)?|REUTERS|Reuters|AFP|AP(?: Photo)?|EPA(?:-EFE)?|PA(?: Wire| Media)?|Shutterstock|Alamy|Xinhua"
    r"|Bloomberg)"
)
_FIRM = (
    rf"(?:{_AGENCY}"
    rf"|{_NAME}(?:\s{_NAME}){{0,3}}\s(?:Pictures|Photos?|Images|Press|Agency|News|Media|Times|Post|Gazette))"
)
_PICTURE = r"(?i:(?:file |main |handout )?(?:photos?|photograph(?:s|er)?|images?|pictures?|illustration|graphic))"
# In brackets at the end of a caption: "(AP Photo/Ida Brandt)", "[Ida Brandt/Quay Pictures]", "(Photo by Ida Brandt)"
_IN_BRACKETS = (
    rf"(?:{_PICTURE}(?i: by| courtesy(?: of)?| credit)?\s?[:/]?\s{NAMES}(?:\s?[/|]\s?{NAMES})?"
    rf"|(?=[^()\[\]]*\s)(?:(?i:file)\s?:\s)?{_FEW}\s?/\s?{_FEW}(?: via {NAMES})?"
    rf"|{NAMES},? (?:via|for) {_FIRM}|(?:{NAMES},? )?(?:Getty Images|AP Photo|Shutterstock|Alamy)(?:/{NAMES})?"
    r"|(?i:file (?:photo|image|picture)))"
)

SUBSCRIBERS_ONLY = re.compile(
    "(?i:"
    r"(?:this|the) (?:article|story|content|page|post|feature) is (?:only )?(?:(?:available|reserved"
    r"|exclusive(?:ly)?|open)"
    r" )?(?:only )?(?:to|for) (?:our |paying |paid |registered |premium )*(?:subscribers?|members)\b.{0,80}"
    r"|to (?:(?:continue|keep|finish) reading|read (?:the (?:full|rest|whole|entire)|this|more|on)\b).{0,120}"
    r"\b(?:subscri\w+|sign (?:up|in)|log ?in|register|account|member\w*)\b.{0,80}"
    r"|(?:subscribe|sign (?:up|in)|log ?in|register|become an? (?:member|subscriber)|create (?:an?"
    r"|your)(?: free)? account"
    r"|start your(?: free)? trial)\b.{0,100}\b(?:to (?:continue|keep|read|unlock|access|finish|get (?:full"
    r"|unlimited) access)"
    r"|for (?:full|unlimited) access)\b.{0,80}"
    r"|subscribe (?:now |today )?(?:for|from) .{1,40}"
    r"|(?:already|not (?:yet )?|are you) an? (?:\w+ )?(?:subscriber|member)\s*\?.{0,60}"
    r"|you(?:['’]ve| have) (?:reached|used|read) (?:your|all|the)\b.{0,60}\b(?:free|limit)\b.{0,60}"
    r"|(?:subscriber|member|premium)s?[- ](?:only|exclusive)(?: (?:content|article|story))?\.?"
    r"|(?:the )?(?:rest|remainder) of this (?:article|story) is .{0,60}\b(?:subscribers?|members)\b.{0,40})"
)
"""A line that says that the text above it is only the beginning."""

_STORIES = r"(?:stor(?:y|ies)|news|headlines|articles?|posts|videos|coverage|topics|links)"
_LINES = (
    SUBSCRIBERS_ONLY.pattern,
    # Other stories.
    r"(?:MORE|READ|SEE|WATCH|LISTEN|RELATED|ALSO|UP NEXT|DON['’]T MISS|TRENDING|RECOMMENDED|MUST[- ]READ|PHOTOS"
    r"|VIDEO)"
    r"(?: (?:MORE|ALSO|HERE|NEXT|READ|NOW|THIS|ON|STORIES|COVERAGE))*\s*[:|»>-]\s*\S.*",
    r"(?i:(?:more|also|related|must[- ]read|up next|don['’]t miss|recommended|trending)\s?[:|»]\s)"
    r"(?![a-z]).*(?<![.!”\"])",
    rf"(?i:(?:most|top|latest|trending|popular|recommended|featured|related|recent|more|other)[ -](?:read|viewed"
    rf"|popular"
    rf"|watched|shared|commented|{_STORIES})(?: (?:in|on|from|for)(?: [\w’'&-]+){{1,4}})?\s*:?)",
    r"(?i:more (?:from|in|on|about|by))(?i: (?:this|the) (?:story|topic|author|series|section|subject)"
    r"|(?: (?:(?![a-z])\w[\w.’'&-]*"
    r"|of|and|the)){1,5})\s*:?",
    r"(?i:you (?:may|might) (?:also )?(?:like|be interested in|enjoy)\b.{0,40}|(?:recommended|suggested|picked"
    r"|selected|more) for"
    r" you|editors?['’]?s? (?:picks?|choice)|what to read next|read (?:this )?next|up next|don['’]t miss"
    r"|trending(?: now)?|related|(?:in|on)"
    r" this story|(?:around|from) the web|(?:sponsored|promoted|paid|partner)(?: (?:content|links?|stories|post"
    r"|partnership))?"
    r"|explore more\b.{0,40}|(?:related )?topics?|tags?|filed under)\s*:?",
    r"(?:Topics?|Tags?|Filed under|Related topics)\s?:\s.{1,120}",
    r"(?i:(?:continue|keep) reading\b.{0,60})",
    rf"(?i:for (?:more|the latest|all the)(?: latest)? (?:{_STORIES}|on this story)\b.{{0,80}}\b(?:check|visit|click"
    rf"|see|follow|go to"
    r"|head)\b.{0,80})",
    r"(?i:(?:read|see|view) (?:the )?(?:full|original|whole) (?:article|story|report|coverage)\b.{0,60})",
    # Letters, alerts, the site of itself.
    r"(?i:get (?:(?:the|our|your|all|daily|weekly|free|breaking|latest|top|best"
    r"|more) ){1,4}(?:[\w’'-]+ ){0,3}(?:news|headlines"
    r"|stories|updates|alerts|newsletters?|briefing|digest|roundup|e-?mails)\b.{0,120})",
    r"(?i:(?:sign up|subscribe|register|join)\b.{0,100}\b(?:newsletters?|briefings?|e-?mails?|inbox|alerts|channels?"
    r"|podcast"
    r"|whatsapp|telegram|mailing list)\b.{0,160})",
    r"(?i:(?:our|your) (?:daily |weekly |free |morning |evening )*newsletters?\b[^.]{0,60}|newsletters?"
    r"|enter your e-?mail.{0,60}"
    r"|e-?mail address\s?\*?)",
    r"(?i:thank(?:s| you) for (?:visiting|reading|signing up|subscribing)\b.{0,200})",
    r"(?i:by (?:signing up|subscribing|clicking|submitting|registering)\b.{0,60}\byou (?:agree|accept|consent"
    r"|confirm)\b.{0,160})",
    r"(?i:(?:[^.?]{0,60}\? )?support (?:us|our (?:work|reporting|newsroom)"
    r"|(?:our |independent |local |public |quality ){0,2}journalism)\b.{0,120})",
    r"(?i:(?:(?:want|need|like|love|hungry for) (?:to |even )?(?:read |know |hear )?(?:more|what you)\b[^.?]{0,40}\? )"
    r"(?:get|sign up|subscribe|join|read|try|see)\b.{0,120}"
    r"|get [^.?]{1,60}, our [^.?]{0,30}(?:e-?mail|newsletter|briefing)\b.{0,80})",
    r"(?i:(?:our web ?site|our site|this web ?site) (?:is|uses|aims|offers|provides|brings)\b.{0,200})",
    r"(?i:you are using an? (?:\w+ ){0,2}browser\b.{0,240}|your browser (?:is|does|version|may not|cannot)\b.{0,240}"
    r"|java ?script (?:is|must be)\b.{0,60}\b(?:disabled|required|enabled)\b.{0,100})",
    r"(?i:we (?:and our (?:\d+ )?partners )?use cookies\b.{0,240}|(?:accept|reject|manage)(?: all)? cookies"
    r"|cookie (?:policy"
    r"|settings)|privacy (?:policy|notice))",
    r"(?i:(?:advertisement|ad|advert)s?(?: ?\d+)?(?: ?[-–:] ?)?(?:(?:story|article) continues below.{0,40}"
    r"|scroll(?: down)? to"
    r" continue.{0,30}|skip (?:ad|advertisement)|loading)?\W*)",
    r"(?i:skip (?:to (?:main )?content|past|advertis\w+|promotion|newsletter)\b.{0,60}|(?:after"
    r"|end of) (?:newsletter |content )?(?:promotion|advert\w*)"
    r"|scroll (?:down )?to continue.{0,40})",
    r"(?i:this (?:is|remains) a (?:breaking|developing|live) (?:news )?(?:story|event)\b.{0,160}|(?:more"
    r"|updates) to (?:follow|come)"
    r"\W*|(?:please )?(?:check|come) back (?:for|later|soon)\b.{0,60}|refresh (?:this|the) page\b.{0,60})",
    # To the newsroom, and the readers' forum.
    r"(?i:get in touch (?:with (?:us|our)|by e-?mail\w*)\b.{0,160}|get in touch\W?)",
    r"(?i:(?:do you|have you|got|are you|did you|if you(?:['’]ve| have| know)?)\b.{0,80}\b(?:stor(?:y|ies)|tips?"
    r"|news|information"
    r"|views?|photos?|pictures?|videos?)\b.{0,60}[?,:].{0,20}\b(?:e-?mail|contact|call|write|tell|send|let us"
    r"|get in touch|message"
    r"|share)\b.{0,140})",
    r"(?i:(?:e-?mail|contact|write to|reach|message|tip)\b.{0,60}\b[\w.+-]+@[\w-]+\.[\w.-]+.{0,60}"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
    r"(?i:have you been (?:affected|involved)\b.{0,200}|have a correction\b.{0,60}|report an? (?:typo|error"
    r"|correction)\b.{0,40})",
    r"(?i:(?:send|share|submit) (?:us )?(?:your|a) (?:tips?|stor(?:y|ies)|news|photos?|pictures|views"
    r"|comments)\b.{0,100}"
    r"|contact (?:us|our (?:newsroom|news ?desk|reporters?))\b.{0,80})",
    r"(?i:to comment on (?:this|our) (?:story|article|piece|report|post)\b.{0,120}"
    r"|(?:sign|log) ?in to (?:join|post|reply|take part|have your say)\b.{0,60})",
    r"(?i:to (?:leave a )?comment\b.{0,40}\b(?:log|sign|register)\b.{0,60}|(?:would you like to|want to|please"
    r"|read our|you must|log ?in to"
    r"|be the first to|sign in to)\b.{0,60}\b(?:comment|commenting"
    r"|comments? (?:policy|guidelines)|house rules|community guidelines)\b.{0,80})",
    r"(?i:(?:join|start|be part of|have your say in) (?:the|our) (?:comment\w*|conversation|discussion"
    r"|debate)\b.{0,60})",
    r"(?i:(?:\d[\d,]* )?comments?(?: \(?\d+\)?)?|(?:view|show|hide|load|read|add|post|leave|see|write)(?: all| more"
    r"| a| your)?(?: \d+)?"
    r" (?:comments?|repl(?:y|ies))|comments (?:are|have been) (?:closed|disabled|turned off)\b.{0,60}|have your say)",
    # Who wrote, who paid and who helped, where else it stood.
    r"(?:.{5,250}[.!?] )?(?i:(?:you can )?(?:reach|contact|e-?mail|follow|write to|message)"
    r" (?:him|her|them|me|the (?:author|reporter|writer))\b)(?:[^.]{0,60}@.{0,80}"
    r"|[^.]{0,20} on (?:X|Twitter|Bluesky)\W*)",
    rf"(?:{NAMES} receives?|{NAMES} (?:[a-z]+ ){{0,4}}coverage receives) (?:financial )?support from"
    r" (?:private|multiple|several|charitable|philanthropic) (?:private )?(?:foundations|donors|philanthropies)"
    r"(?: for its [\w ]{1,40})?\.(?: (?:See|Read|Find|Learn|More|The|AP)\b.{0,240})?",
    rf"{NAMES} contributed (?:(?:additional|further) )?(?:reporting|research|writing)(?: (?:from|in) {NAMES})?\.?",
    rf"(?:[-–—(*]{{1,3}}\s*)?(?i:with|additional|further|original)(?: (?i:additional|extra|further))? (?i:files?"
    rf"|reporting|research"
    rf"|inputs?|contributions?|material|assistance) (?i:from|by) (?:{NAMES} [a-z]+ )?{NAMES}\.?\)?",
    rf"(?i:(?:this (?:article|story|report|piece) )?(?:was )?(?:first|originally) (?:published|appeared"
    rf"|posted) (?:in|on|at|by))"
    rf" (?![0-9]){NAMES}\.?",
    r"(?i:(?:this (?:article|story) (?:is|was) )?(?:reprinted|republished"
    r"|reproduced) (?:here )?(?:with (?:the )?permission|from\b.{0,60}under)\b.{0,120})",
    # Pictures.
    rf"{_PICTURE}(?i: source| caption),\s.{{2,300}}|(?i:credit|{_PICTURE}(?: credit"
    rf"| by)?)\s?:\s{NAMES}(?:\s?[/|]\s?{NAMES})?\.?",
    r"\[\d+/\d+\].{5,380}|(?i:file(?: (?:photo|image|picture))?)(?:\s[-–—]\s|\s?:\s).{10,380}",
    rf"{_FEW}\s?[—–]\s?{_FIRM}|{NAMES}\s?[/|]\s?(?:{NAMES} (?:via|for) )?{_FIRM}|{NAMES} via {_FIRM}|{_AGENCY}/{NAMES}",
    rf"(?i:courtesy(?: of)?:?) {NAMES}|Getty(?: Images)?|AFP via Getty Images|Shutterstock|Alamy|iStock|AP Photo"
    rf"|PA Wire",
    # Buttons.
    r"(?i:listen(?: to (?:this|the) (?:article|story)| now)?(?:[ ·•|:–—-]*\(?\d+ ?min(?:ute)?s?\)?)?"
    r"|(?:\d+|an?) (?:minute|hour|day)s? ago|\d+ ?(?:[- ]?min(?:ute)?s?)(?: (?:read|listen))?)",
    r"(?i:(?:share|save|print|copy(?: (?:the )?(?:link|url))|bookmark|gift this article|facebook|twitter|whatsapp"
    r"|linkedin|reddit"
    r"|telegram|pinterest|flipboard|e-?mail|reply|link copied|back to top|show more|load more|see more|view (?:all"
    r"|gallery)|more"
    r"|close|menu|loading|opens? in (?:a )?new (?:window|tab)|watch the video (?:above|below)|this video can ?(?:not"
    r"|['’]t) be played)"
    r"(?:[ ,|/]+(?:this|article|story|post|on|via|facebook|twitter|x|whatsapp|e-?mail|share|save|print"
    r"|link)){0,4}[!.…]*)",
)
_LINE = re.compile("|".join(_LINES))
_ANYWHERE = re.compile(
    r"(?i)\b(?:bookmark (?:us|it|this page|our)|download (?:our|the) (?:free )?app|(?:straight "
    r"|delivered )(?:in)?to your"
    r" inbox|sign up for our|(?:enable|turn on) java ?script|purchase licensing rights)\b"
)
_HELPED = re.compile(
    r"(?i)\bcontributed (?:(?:additional )?(?:reporting|research|writing) )?(?:to|for|from)"
    r" this (?:report|story|article|piece|dispatch)\.?\)?$"
)
_CREDIT_AT_END = re.compile(
    rf"(?<=[.!?”\"] )(?:(?:{_PICTURE}(?i: by| credit)?\s?:|{_PICTURE} by|(?i:credit)\s?:)\s{NAMES}"
    rf"(?:\s?[/|]\s?{NAMES})?|REUTERS/{NAMES}|AP Photo/{NAMES}|{_FEW}\s?[/—–]\s?{_FIRM}(?: via {_FIRM})?)\.?$"
)
_CREDIT_IN_BRACKETS = re.compile(_IN_BRACKETS)


def is_furniture(line: str) -> bool:
    """Whether a line, stripped, is of a form that sites put there. Time is linear in its length, of which callers keep
    to a few hundred characters."""
    if _LINE.fullmatch(line) or _ANYWHERE.search(line):
        return True
    if line.endswith((")", "]", ").", "].")):
        opened = max(line.rfind("("), line.rfind("["))
        return opened >= 0 and _CREDIT_IN_BRACKETS.fullmatch(line[opened + 1 :].rstrip(".)]")) is not None
    if "contributed" in line and _HELPED.search(line) and not re.search('[!?”"]', line):
        return True
    return _CREDIT_AT_END.search(line) is not None


NO_STORY = re.compile(
    r"(?i)\b(?:verify (?:that )?you(?:['’]re| are)(?: a)? (?:human|not a)|(?:are you|not) a (?:ro)?bot|unusual traffic"
    r"|access (?:to this (?:page|site) )?(?:has been |is |was )?denied|checking your browser|captcha|403 forbidden"
    r"|(?:enable|turn on) (?:javascript|cookies)|(?:page|article) (?:you .{1,60} )?(?:(?:was |is )?not found"
    r"|(?:could|can) ?(?:not|['’]t) be found|.{0,40}(?:does not|doesn['’]t|no longer) exists?)"
    r"|error 404|404 (?:error|not found)|(?:we|our (?:site|partners)) (?:and .{1,40} )?use cookies"
    r"|accept all(?: cookies)?|cookie (?:settings|preferences|consent)|(?:sign|log) in to continue|server error)\b"
)
"""What a page says that was served in the place of a story; a story may say so too, at greater length."""

HEADS_A_LIST = re.compile(
    r"(?:#+ )?(?:(?i:more (?:from|in|on|about)(?: (?:this|our|the) (?:story|topic|author|series|section))?)"
    r"(?: (?:(?![a-z])\w[\w.’'&-]*|of|and|the)){0,6}"
    rf"|(?i:more (?:stories|news|like this)|(?:most|related|recommended|popular|trending|latest|top|recent"
    rf"|other) (?:read|popular|viewed"
    rf"|watched|{_STORIES})(?: (?:in|on|from|for)\b.{{1,30}})?|related|read (?:more|also|next)"
    r"|also read|see also|you (?:may|might) (?:also )?(?:like|be interested in)|editors?['’]?s? (?:picks?|choice)"
    r"|what to read next|don['’]t miss|trending(?: now)?|recommended(?: for you)?|up next))(?<![.!?])\s*[:»]?"
)
"""A line above a list of other stories."""

HEADS_COMMENTS = re.compile(
    r"(?:#+ )?(?i:what (?:(?:our|the|you|your) )?(?:readers?|users?)? ?(?:say|said|think|are saying|thought)"
    r"|(?:your|readers?['’]?s?|user|recent|top|latest|all) (?:comments?|views|responses|reactions|opinions|thoughts"
    r"|letters)"
    r"|(?:from|by) our readers|(?:\d[\d,]* )?(?:comments?|responses|replies)(?: ?\(?\d[\d,]*\)?)?(?: (?:to"
    r"|on) .{1,80})?"
    r"|join the (?:conversation|discussion|debate)|have your say|leave a (?:comment|reply))\s*:?"
)
"""A line above what readers wrote."""

BY_A_READER = re.compile(
    r"[\w@][\w.@’'-]{0,30}(?: [\w.@’'-]{1,30}){0,3}(?: ?[•·|,(-].{0,30}(?:ago|\d{4}|\d:\d\d)\)?)?\s?:\s?\S.*"
    r"|.{0,60}\b(?:\d+|an?) (?:second|minute|hour|day|week|month|year)s? ago\b.{0,20}"
    r"|(?i:reply|like|report|upvote|share|\d+ likes?)(?:[ |·•]+(?i:reply|like|report|share|\d+))*"
    r"|.{0,40}\b(?i:says|wrote|commented|on .{0,30}\d\d:\d\d)\s?:.*"
)
"""A line that a reader wrote, with the name before it, or what stands beside one."""

NAMED_READER = re.compile(r"[\w@][\w.@’'-]{0,30}(?: [\w.@’'-]{1,30}){0,3} (?:says|said|wrote|writes|commented)\s?:?")
"""A line above what a reader wrote, where the day and the hour stand below it."""
