"""English verbs with which somebody is reported to say something. Those joined by "|" are parts of patterns."""

from __future__ import annotations

REPORTING = frozenset(
    """say says said saying tell tells told add adds added state states stated claim claims claimed argue argues argued
    warn warns warned insist insists insisted suggest suggests suggested believe believes believed allege alleges
    alleged note notes noted write writes wrote explain explains explained estimate estimates estimated think thinks
    thought remark remarks remarked comment comments commented report reports reported""".split()
)

# Verbs after which anything may be what was said; the others of REPORTING need "that", a quotation or a stop behind.
SAY = (
    "said|says|saying|told|tells|tell|insisted|insists|argued|argues|warned|warns|claimed|stated|explained|explains|"
    "explaining|stating|asserted|asserts|believes|believed|thinks|thought|alleged|alleges|stressed|stresses|emphasized|"
    "emphasised|emphasizes|emphasises|announced|replied|acknowledged|admitted|conceded|cautioned|declared|confirmed|"
    "denied|denies|disclosed|revealed|theorized|theorised|predicted|testified|tweeted|wrote|writes|writing|noted|vowed|"
    "maintains|contends|contended|complained|reasoned|say"
)
# Base forms are left out: they are nouns as often ("member states", "a report").
SAY_THAT = "|".join(
    sorted(
        REPORTING - set(f"{SAY}|state|note|report|comment|remark|estimate|claim|add".split("|"))
        | set(
            "concluded concludes continued continues reads recalled reporting declares posted testifies announces "
            "tweets pledged pledges objected reiterated repeated responded responds".split()
        )
    )
)
# Verbs with which somebody gives a figure.
COUNT = "counts|counted|puts|put|tallied|tallies|estimates|estimated"
# Verbs that introduce a quotation later in the sentence.
QUOTE_LATER = (
    "called|calls|call for|described|describes|characterized|characterised|dubbed|labelled|labeled|denounced|"
    "condemned|praised|dismissed|promised|spoke of|speaks of"
)
