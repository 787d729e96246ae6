"""English words by the part they play when a claim is compared with a quote: lists, and nothing that knows what to do with them.

They are of the language, not of any article. Words are folded: small letters, no accents.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _groups(text: str) -> list[list[str]]:
    """Groups of words parted by bars."""
    return [group.split() for group in text.split("|")]


STOPWORDS = _words(
    """
    a about above after again all also although am among amongst an and any are as at be because been before being between
    both but by can could did do does doing down during each either even every few for from further had has have having he
    her here hers him his how however i if in into is it its itself just least many may me might more moreover most much
    must my near no nor not of off on once one only onto or other others our out over own per rather same shall she should
    since so some such than that the their theirs them then there thereby therefore these they this those though through
    thus to together too toward towards under until up upon us very via was we were what when where whereas which while who
    whom whose why will with within without would yet you your
    """
)
"""Words that carry no meaning of their own."""

PRONOUNS = _words(
    """
    both former he her hers him his it its latter she their theirs them these they this those which who
    """
)
"""Words that stand for something named before."""

TITLES = _words(
    """
    ambassador battle captain chairman chief colonel commander deputy dr general governor group king leader lieutenant lord
    major mayor minister mr mrs ms operation pope president prince professor queen saint secretary senator sergeant sir war
    """
)
"""Words that go with a name and add no identity to it."""

PARTICLES = _words(
    """
    ag al ben bin da de del der di dos du el ibn la le ould van von
    """
)
"""Small words inside names, written or left out at will."""

PREPOSITIONS = _words(
    """
    against around at between for from in into near of on over through to toward towards under with
    """
)
"""Words after which a name is not the one that acts."""

NEGATORS = _words(
    """
    cannot declined fail failed fails hardly lack lacked lacking lacks neither never no nobody none nor not refuse refused refuses unable without
    """
)
"""Words that say no of what follows."""

HEDGES = _words(
    """
    alleged allegedly attempted could hoped intended likely may might perhaps planned possibly probably reportedly
    supposedly suspected threatened tried unconfirmed unlikely wanted
    """
)
"""Words that say perhaps of what follows."""

LIGHT = _words(
    """
    amount amounted call called comprise comprised consist consisted count counted fight fought give given happen happened
    held hold include included involve involved known last lasted list listed lose lost made make name named number numbered
    occur occurred place record recorded report reported suffer suffered take taken took total
    """
)
"""Verbs with which a sentence states what a fact of an infobox lists; they add nothing to it."""

CRITICAL = _words(
    """
    acre afternoon century day decade dollar east eastern euro evening foot franc hectare hour kg kilogram kilometer
    kilometre km litre meter metre mile minute month morning night noon north northeast northern northwest pound second
    south southeast southern southwest ton tonne week west western year
    """
)
"""Words of measure, time of day and direction: one in the claim that is not in the quote changes a fact."""

WIDE = _words(
    """
    human individual member people person
    """
)
"""Nouns that may count whatever a narrower one counts."""

# Phrases that take back the whole clause after them.
TAKES_BACK = (
    r"not (?:true|correct|the case)|false(?:ly)?|untrue|den(?:y|ied|ies|ying)|disput(?:e|ed|es)|no (?:evidence|proof|sign)|"
    r"contrary to|rather than|instead of|unless|doubt(?:s|ed)?|refut(?:e|ed|es)|wrongly|mistakenly"
)

ALIKE = _groups(
    """
    combatant fighter force guerrilla insurgent man militant rebel soldier troop warrior | dead death died fatality killed |
    citizen inhabitant local resident | aircraft airplane fighter jet plane | car pick truck vehicle | captive captured
    prisoner | hurt injured wounded | casualty loss | demonstrator protester protestor | missile rocket | city town village
    | assault attack offensive raid strike
    | m metre meter | km kilometre kilometer | kg kilogram kilogramme | cm centimetre centimeter | ft foot feet | mi mile
    """
)
"""Nouns that may count the same things."""

OPPOSITES = _groups(
    """
    win lose | accept reject | support oppose | begin end | start end | start stop | increase decrease | rise fall | north
    south | northern southern | east west | eastern western | first last | arrive leave | arrive depart | enter leave |
    alive dead | attack defend | advance retreat | agree refuse | allow forbid | allow ban | ally enemy | best worst | birth
    death | buy sell | capture free | close open | confirm deny | create destroy | build destroy | defeat victory | enable
    prevent | friend enemy | gain lose | guilty innocent | high low | large small | major minor | majority minority | major
    minority | military civilian | more fewer | more less | after before | above below | new old | offensive defensive |
    peace war | positive negative | praise condemn | safe dangerous | secure insecure | strong weak | success failure |
    succeed fail | true false | unite divide | young old | captured lost | hold lose | take lose | recapture lose | control
    lose | arrest release | condemn welcome | join leave | kill wound | kill injure | kill capture | wound capture | stop
    continue | end continue | cease continue | legal illegal | public private | ruling opposition
    """
)
"""Pairs of which one cannot stand for the other."""

_DEMONYMS = _groups(
    """
    france french | spain spanish spaniard | britain british | netherlands dutch | germany german germans | poland polish |
    turkey turkish turks | greece greek greeks | china chinese | portugal portuguese | denmark danish | sweden swedish |
    norway norwegian | finland finnish | ireland irish | switzerland swiss | wales welsh | scotland scottish | england
    english | europe european | iceland icelandic | niger nigerien nigeriens | burkina burkinabe | ivory ivorian
    """
)
DEMONYMS = {form: place for place, *forms in _DEMONYMS for form in forms}
"""People and languages whose names are not the place's with an ending."""

_IRREGULAR = _groups(
    """
    arise arose arisen | bear bore borne | beat beaten | become became | begin began begun | bind bound | blow blew blown |
    break broke broken | bring brought | build built | burn burnt | buy bought | catch caught | choose chose chosen | come
    came | deal dealt | die dead died | dig dug | do did done | draw drew drawn | drink drank drunk | drive drove driven |
    eat ate eaten | fall fell fallen | feed fed | feel felt | fight fought | find found | flee fled | fly flew flown |
    forbid forbade forbidden | forget forgot forgotten | freeze froze frozen | get got gotten | give gave given | go went
    gone | grow grew grown | hang hung | hear heard | hide hid hidden | hold held | keep kept | know knew known | lay laid |
    lead led | learn learnt | leave left | lend lent | lie lay lain | lose lost loss | make made | mean meant | meet met |
    pay paid | ride rode ridden | ring rang rung | rise rose risen | run ran | say said | see saw seen | seek sought | sell
    sold | send sent | shake shook shaken | shoot shot | show shown | shrink shrank shrunk | sing sang sung | sink sank sunk
    | sit sat | sleep slept | speak spoke spoken | spend spent | stand stood | steal stole stolen | stick stuck | strike
    struck stricken | swear swore sworn | swim swam swum | take took taken | teach taught | tear tore torn | tell told |
    think thought | throw threw thrown | undergo underwent undergone | understand understood | wear wore worn | win won |
    withdraw withdrew withdrawn | write wrote written | overthrow overthrew overthrown | overrun overran | retake retook
    retaken | undertake undertook undertaken | man men | woman women | child children | person people
    """
)
IRREGULAR = {form: base for base, *forms in _IRREGULAR for form in forms}
"""Forms that no rule leads back to their base; the plurals among them are in PLURALS."""

PLURALS = ("men", "women", "children", "people", "dead")

VERBS_ALIKE = _groups(
    """
    say state report claim announce declare tell add explain mention note argue describe accord | take seize capture
    occupy conquer retake recapture overrun | begin start launch commence open | kill die | win defeat beat | get
    receive obtain | increase rise grow climb | decrease fall drop decline | build construct erect | end stop cease
    finish conclude | demand request ask call | found establish create form set | destroy raze demolish | free release |
    hold control | include contain comprise | show reveal indicate | use employ | make produce | help assist support aid
    | try attempt seek | get become | hurt injure wound | send dispatch deploy | agree sign reach | fight battle clash |
    join meet | oust overthrow topple remove depose | attack assault strike raid bomb bombard shell | hit strike | see
    observe notice | locate situate lie | attend participate | evict expel drive | demonstrate protest | refuse reject
    decline | happen occur | arrive come reach enter bring | leave depart withdraw flee go pull | bring carry take | fly
    head travel go move
    """
)
"""Verbs that may say the same."""
BASES = frozenset(IRREGULAR.values()) - _words("man woman child person die leave can bear")
"""Irregular verbs whose base may be a past form too ("beat")."""
NO_SUPERLATIVES = _words(
    "interest request protest arrest harvest forest west southwest northwest test contest conquest guest honest modest rest best"
    " nest invest suggest digest manifest quest latest priest chest breast"
)
"""Words that end in -est and compare nothing."""

GLUE = _words(
    """
    according addition additionally another begin began certain consequently due e else eventually finally furthermore g
    hence held however i.e instead kind later likewise manner namely nevertheless nonetheless part place previously
    related respectively similarly so some sort still subsequently then there therefore thing thus together type way
    based became become becomes came come did do does found gave get give given group had have held hold include included
    including involve involved known locate located made make named said meet met say says time use used whether against unlike like ever took take takes left originally old ones each other
    """
)
"""Words that join statements or stand for what is named beside them; they add nothing that a quote must bear out."""


def _scale(text: str) -> tuple[frozenset[str], ...]:
    return tuple(_words(level) for level in text.split("|"))


SCALES = (
    _scale(
        """
        few little rarely seldom hardly scarcely | some several sometimes occasionally various | many numerous much often
        frequently multiple lots | most mostly mainly usually normally generally majority typically predominantly largely |
        nearly almost virtually practically | all every each always whole entire entirely everyone everybody
        """
    ),
    _scale("may might can could possibly perhaps maybe | probably likely presumably | must shall obliged"),
    _scale("certainly definitely undoubtedly surely | probably likely presumably possibly perhaps reportedly allegedly"),
    _scale("until till | since"),
    _scale("earlier | later"),
    _scale("only solely exclusively merely alone"),
    _scale("unless"),
    _scale("suddenly abruptly immediately | gradually slowly"),
)
"""Scales of quantity, certainty, time and condition: words of one set say the same measure, those of another set another."""

NEED_GROUND = _words(
    """
    few little rarely seldom hardly scarcely many numerous much often frequently multiple most mostly mainly usually normally
    generally majority typically predominantly largely all every each always whole entire entirely everyone everybody must
    shall obliged certainly definitely undoubtedly surely only solely exclusively merely alone unless suddenly abruptly
    """
)
"""Those that a quote must say too; the others only differ from another word of their scale."""
